//! Requests of a client to its authorization server.

use std::{error::Error as StdError, fmt};

use http::header::AUTHORIZATION;
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, RefreshToken, RequestTokenError, RevocationUrl, StandardRevocableToken, TokenUrl,
    basic::BasicClient,
};
use session_core::{Error, ErrorKind, Result, Secret};

use crate::{
    client::{Client, ClientAuth},
    endpoint::Endpoint,
    grant::{Extent, Grant},
};

/// The two kinds of token that a session holds and revokes.
#[derive(Clone, Copy)]
pub(crate) enum Token<'a> {
    Access(&'a str),
    Refresh(&'a Secret),
}

impl Client {
    /// Asks for a token (RFC 6749 §4.4.2 and §6).
    pub(crate) fn token_request(
        &self,
        secret: &Secret,
        endpoint: &Endpoint,
        grant: Grant<'_>,
        extent: &Extent,
    ) -> Result<HttpRequest> {
        let client = self.at(secret, endpoint)?;
        let resources = extent
            .resources
            .iter()
            .map(|resource| ("resource", resource));
        let audience = extent
            .audience
            .iter()
            .map(|audience| ("audience", audience));
        let extra = resources.chain(audience);
        match grant {
            Grant::ClientCredentials => {
                let request = client.exchange_client_credentials();
                // Not as the crate has it, which is before the client: this is the order of RFC 6749, and of most clients.
                let request = match extent.scopes.join(" ") {
                    none if none.is_empty() => request,
                    scopes => request.add_extra_param("scope", scopes),
                };
                let request = extra.fold(request, |request, (name, value)| {
                    request.add_extra_param(name, value)
                });
                built(request.request(&hand_over))
            }
            // Without scopes: the token is to be good for what it was good for (RFC 6749 §6).
            Grant::RefreshToken { token, .. } => {
                let token = RefreshToken::new(text(token)?);
                let request = client.exchange_refresh_token(&token);
                let request = extra.fold(request, |request, (name, value)| {
                    request.add_extra_param(name, value)
                });
                built(request.request(&hand_over))
            }
        }
    }

    /// Asks to revoke a token (RFC 7009 §2.1).
    pub(crate) fn revocation_request(
        &self,
        secret: &Secret,
        endpoint: &Endpoint,
        token: Token<'_>,
    ) -> Result<HttpRequest> {
        let token: StandardRevocableToken = match token {
            Token::Access(token) => AccessToken::new(token.to_owned()).into(),
            Token::Refresh(token) => RefreshToken::new(text(token)?).into(),
        };
        // Only the form of the request is wanted, and the crate makes none for http, not even to this machine. Where it is
        // sent is the endpoint's matter.
        let mut url = endpoint.url().clone();
        url.set_scheme("https").map_err(|()| malformed())?;
        let client = self
            .at(secret, endpoint)?
            .set_revocation_url(RevocationUrl::from_url(url));
        let request = client.revoke_token(token).map_err(|_| malformed())?;
        built(request.request(&hand_over))
    }

    fn at(&self, secret: &Secret, endpoint: &Endpoint) -> Result<Requests> {
        let auth = match self.auth {
            ClientAuth::SecretBasic => AuthType::BasicAuth,
            ClientAuth::SecretPost => AuthType::RequestBody,
        };
        Ok(BasicClient::new(ClientId::new(self.id.clone()))
            .set_client_secret(ClientSecret::new(text(secret)?))
            .set_auth_type(auth)
            .set_token_uri(TokenUrl::from_url(endpoint.url().clone())))
    }
}

type Requests =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The HTTP client that the crate is given: it hands the request over instead of sending it.
///
/// Answers are not the crate's: it refuses an `expires_in` of `"3600"`, and its errors carry the body.
fn hand_over(request: HttpRequest) -> Result<HttpResponse, Built> {
    Err(Built(Box::new(request)))
}

struct Built(Box<HttpRequest>);

fn built<T, E: oauth2::ErrorResponse>(
    outcome: Result<T, RequestTokenError<Built, E>>,
) -> Result<HttpRequest> {
    let Err(RequestTokenError::Request(Built(mut request))) = outcome else {
        return Err(malformed());
    };
    if let Some(credentials) = request.headers_mut().get_mut(AUTHORIZATION) {
        credentials.set_sensitive(true);
    }
    Ok(*request)
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Built(..)")
    }
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request is built")
    }
}

impl StdError for Built {}

fn text(secret: &Secret) -> Result<String> {
    secret.expose_str().map(str::to_owned).ok_or_else(malformed)
}

fn malformed() -> Error {
    Error::new(
        ErrorKind::Config,
        "no request to the authorization server can be made from this configuration; check its addresses",
    )
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    const ID: &str = "cc basic:special+id";
    const SECRET: &str = "p%40ss w:+/=&?#~*é";

    fn client(auth: ClientAuth) -> Client {
        Client::new(ID.to_owned(), auth, SECRET.into()).unwrap()
    }

    fn endpoint() -> Endpoint {
        Endpoint::parse("http://127.0.0.1:8080/token?tenant=a").unwrap()
    }

    fn body(request: &HttpRequest) -> &str {
        std::str::from_utf8(request.body()).unwrap()
    }

    /// RFC 6749 §2.3.1 and appendix B, byte for byte.
    #[test]
    fn basic_credentials_are_form_encoded() {
        let extent = Extent {
            scopes: vec!["read".to_owned(), "a:b".to_owned()],
            resources: vec!["urn:a".to_owned(), "https://api.example.com/".to_owned()],
            audience: Some("orders".to_owned()),
        };
        let request = client(ClientAuth::SecretBasic)
            .token_request(
                &Secret::new(SECRET),
                &endpoint(),
                Grant::ClientCredentials,
                &extent,
            )
            .unwrap();
        let credentials = "cc+basic%3Aspecial%2Bid:p%2540ss+w%3A%2B%2F%3D%26%3F%23%7E*%C3%A9";
        let header = &request.headers()[AUTHORIZATION];
        assert_eq!(header, &format!("Basic {}", STANDARD.encode(credentials)));
        assert!(header.is_sensitive());
        assert_eq!(
            body(&request),
            "grant_type=client_credentials&scope=read+a%3Ab&resource=urn%3Aa\
             &resource=https%3A%2F%2Fapi.example.com%2F&audience=orders"
        );
    }

    #[test]
    fn post_credentials_are_in_the_body_alone() {
        let request = client(ClientAuth::SecretPost)
            .token_request(
                &Secret::new(SECRET),
                &endpoint(),
                Grant::ClientCredentials,
                &Extent::default(),
            )
            .unwrap();
        assert!(!request.headers().contains_key(AUTHORIZATION));
        assert_eq!(
            body(&request),
            "grant_type=client_credentials&client_id=cc+basic%3Aspecial%2Bid\
             &client_secret=p%2540ss+w%3A%2B%2F%3D%26%3F%23%7E*%C3%A9"
        );
    }

    #[test]
    fn a_refresh_asks_for_the_same_scopes() {
        let extent = Extent {
            scopes: vec!["read".to_owned()],
            ..Extent::default()
        };
        let token = Secret::new("r-1");
        let request = client(ClientAuth::SecretBasic)
            .token_request(
                &Secret::new(SECRET),
                &endpoint(),
                Grant::RefreshToken {
                    token: &token,
                    scopes: &[],
                },
                &extent,
            )
            .unwrap();
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=r-1");
    }

    #[test]
    fn a_revocation_says_what_it_revokes() {
        let secret = Secret::new(SECRET);
        let client = client(ClientAuth::SecretBasic);
        let refresh = Secret::new("r-1");
        for (token, expected) in [
            (
                Token::Access("a-1"),
                "token=a-1&token_type_hint=access_token",
            ),
            (
                Token::Refresh(&refresh),
                "token=r-1&token_type_hint=refresh_token",
            ),
        ] {
            let request = client
                .revocation_request(&secret, &endpoint(), token)
                .unwrap();
            assert_eq!(body(&request), expected);
            assert!(request.headers().contains_key(AUTHORIZATION));
        }
    }
}
