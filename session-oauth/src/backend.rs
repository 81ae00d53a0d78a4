//! The backend `oauth` and what can be configured.

use session_core::{Backend, Config, Key, Result, SecretSource, Session};

use crate::{AuthorizationServer, ClientAuth, OAuth, endpoint::Endpoint, issuer::Issuer};

session_core::register_backend! {
    /// Sessions by OAuth 2, by the name `oauth`.
    pub static OAUTH: Backend = Backend::new(
        "oauth",
        "OAuth 2 and OpenID Connect providers: the client credentials grant",
        KEYS,
        |config| open(config).map(|session| Box::new(session) as Box<dyn Session>),
    );
}

const KEYS: &[Key] = &[
    Key::choice(
        "grant",
        &["client_credentials"],
        "how the first token is got; `client_credentials` if absent",
    ),
    Key::text(
        "client_id",
        "the client's identifier at the authorization server",
    )
    .required(),
    Key::secret("client_secret", "the client's secret").required(),
    Key::choice(
        "client_auth",
        &[ClientAuth::ALL[0].as_str(), ClientAuth::ALL[1].as_str()],
        "how the client authenticates; `client_secret_basic` if absent",
    ),
    Key::list(
        "scopes",
        "the scopes to ask for; the server decides if absent",
    ),
    Key::list(
        "resources",
        "the APIs that the token is for, by their URIs (RFC 8707)",
    ),
    Key::text(
        "audience",
        "the audience that the token is for, where the server takes one",
    ),
    Key::endpoint(
        "environment.issuer",
        "the authorization server, exactly as it calls itself; its endpoints are discovered",
    ),
    Key::endpoint(
        "environment.token_endpoint",
        "the token endpoint, in place of the issuer",
    ),
    Key::endpoint(
        "environment.revocation_endpoint",
        "where tokens are revoked on close; found by discovery if absent",
    ),
    Key::url(
        "environment.api",
        "the API: what relative paths are relative to",
    ),
];

fn open(config: &Config) -> Result<OAuth> {
    let issuer = address(config, "environment.issuer", Issuer::parse)?;
    let token_endpoint = address(config, "environment.token_endpoint", Endpoint::parse)?;
    let revocation_endpoint = address(config, "environment.revocation_endpoint", Endpoint::parse)?;
    let mut server = match (issuer, token_endpoint) {
        (Some(issuer), None) => AuthorizationServer::issuer(issuer),
        (None, Some(token_endpoint)) => AuthorizationServer::token_endpoint(token_endpoint),
        (None, None) => {
            let problem = "is missing, and so is `environment.token_endpoint`; give one of them";
            return Err(config.error("environment.issuer", problem));
        }
        (Some(_), Some(_)) => {
            let problem =
                "the issuer says where its token endpoint is; remove this, or `environment.issuer`";
            return Err(config.error("environment.token_endpoint", problem));
        }
    };
    if let Some(address) = revocation_endpoint {
        server = server.revocation_endpoint(address);
    }
    let mut builder = OAuth::client_credentials(
        server,
        config.require::<&str>("client_id")?,
        config.require::<SecretSource>("client_secret")?,
    )
    .scopes(config.get::<Vec<String>>("scopes")?.unwrap_or_default())
    .environment(config.environment()?);
    if let Some(name) = config.get::<&str>("client_auth")? {
        let auth = ClientAuth::ALL
            .into_iter()
            .find(|auth| auth.as_str() == name);
        builder = builder.client_auth(auth.unwrap_or_default());
    }
    for resource in config.get::<Vec<String>>("resources")?.unwrap_or_default() {
        builder = builder.resource(resource);
    }
    if let Some(audience) = config.get::<&str>("audience")? {
        builder = builder.audience(audience);
    }
    builder.build()
}

/// An address, checked here so that the error says where in the configuration it is.
fn address<'a, T>(
    config: &'a Config,
    key: &str,
    parse: fn(&str) -> Result<T, &'static str>,
) -> Result<Option<&'a str>> {
    let address: Option<&str> = config.get(key)?;
    match address.map(parse) {
        Some(Err(problem)) => Err(config.error(key, problem)),
        _ => Ok(address),
    }
}
