//! The main job, step by step.

use session_kit::{
    Config, Error, ErrorKind, SessionHandle, State, current,
    http::{Client, reqwest::StatusCode},
    mock::Kind,
    oauth::{AuthorizationServer, OAuth},
    set_current,
};
use tokio::task::{JoinSet, spawn_blocking};

use super::{
    marquee,
    received::{self, how, last, of_kind},
    running::Running,
    staging::Staging,
    teller::{self, Teller},
    work::{CALLERS, TASKS, finish, here, joined, work, work_as},
};
use crate::failure::Failure;

const CALLS_EACH: usize = 20;

pub(crate) async fn tell(
    teller: &mut Teller,
    prod: &Running,
    qa: &Running,
    marquee: &Running,
) -> Result<(), Failure> {
    teller::say("Two identity providers with an API each, inside this command:")?;
    for running in [prod, qa] {
        teller::say(format_args!(
            "   {:4}  {}",
            running.name,
            running.provider.issuer()
        ))?;
    }
    let session = hold(teller, prod)?;
    authenticate(teller, prod, &session).await?;
    call(teller, prod, &session).await?;
    share(teller, prod, &session).await?;
    install(teller, prod, &session).await?;
    let other = open_by_name(teller, qa).await?;
    side_by_side(teller, (prod, &session), (qa, &other)).await?;
    refuse(teller, prod, &session).await?;
    let staging = Staging::start()?;
    staging.renew_ahead(teller).await?;
    staging.outlive(teller).await?;
    marquee::tell(teller, marquee).await?;
    close(teller, prod, &session).await?;
    other.close().await?;
    staging.close().await?;
    received::write(&[prod, qa, &staging.running, marquee])?;
    Ok(teller.sum_up()?)
}

fn hold(teller: &mut Teller, prod: &Running) -> Result<SessionHandle, Failure> {
    teller.step(
        "Hold a session",
        "let prod = OAuth::client_credentials(idp, id, secret).environment(prod).open()?;",
    )?;
    let provider = &prod.provider;
    let idp = AuthorizationServer::issuer(provider.issuer().as_str());
    let session = OAuth::client_credentials(idp, provider.client_id(), provider.client_secret())
        .environment(prod.environment()?)
        .scope("read")
        .open()?;
    teller.fact("it is closed", session.status().state, State::Closed)?;
    teller.fact(
        "nothing was sent: the provider received 0 requests",
        provider.log().len(),
        0,
    )?;
    Ok(session)
}

async fn authenticate(
    teller: &mut Teller,
    prod: &Running,
    session: &SessionHandle,
) -> Result<(), Failure> {
    teller.step("Authenticate", "prod.init().await?;")?;
    session.init().await?;
    let log = prod.provider.log();
    let asked: Vec<_> = of_kind(&log, Kind::Token).map(how).collect();
    teller.fact(
        "1 token request, with the client credentials grant, by client_secret_basic",
        asked,
        vec![(Some("client_credentials"), Some("client_secret_basic"))],
    )?;
    let scopes = session.credential().await?.granted_scopes().to_vec();
    teller.fact(
        "it is open, and holds token 1 for the scope `read`",
        (session.status().state, scopes),
        (State::Open, vec!["read".to_owned()]),
    )
}

async fn call(teller: &mut Teller, prod: &Running, session: &SessionHandle) -> Result<(), Failure> {
    teller.step(
        "Call the API with it",
        r#"let client = Client::new(&prod); client.get("orders").send().await?;"#,
    )?;
    let client = Client::new(session);
    for path in ["orders", "invoices"] {
        client.get(path).send().await?;
        let expected = format!("GET /api/{path} → 200, token 1");
        teller.fact(&expected, last(prod, 1), vec![expected.clone()])?;
    }
    still_one_token(teller, prod)
}

async fn share(
    teller: &mut Teller,
    prod: &Running,
    session: &SessionHandle,
) -> Result<(), Failure> {
    teller.step("Share it among tasks", "tokio::spawn(work(prod.clone()));")?;
    let before = prod.provider.log().len();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let session = session.clone();
        tasks.spawn(async move {
            session.init().await?;
            work(&Client::new(&session), CALLS_EACH).await
        });
    }
    let answered = finish(tasks).await?.into_iter().sum::<usize>();
    let with_token_1 = prod
        .provider
        .log()
        .iter()
        .skip(before)
        .filter(|entry| entry.token() == Some(1))
        .count();
    let calls = TASKS * CALLS_EACH;
    teller.fact(
        format_args!("{TASKS} tasks made {calls} calls: all answered 200"),
        answered,
        calls,
    )?;
    teller.fact("all went with token 1", with_token_1, calls)?;
    still_one_token(teller, prod)
}

async fn install(
    teller: &mut Teller,
    prod: &Running,
    session: &SessionHandle,
) -> Result<(), Failure> {
    teller.step(
        "Make it the default of the whole program",
        "prod.install().await?; … current()?",
    )?;
    let displaced = session.install().await?;
    teller.fact("there was no default before", displaced.is_none(), true)?;
    let of_task = joined(tokio::spawn(async { current() }).await)?;
    let of_thread = joined(spawn_blocking(current).await)?;
    let found = [of_task, of_thread].map(|found| found.is_same(session));
    teller.fact(
        "a spawned task and another thread find it",
        found,
        [true, true],
    )?;
    let answered = joined(tokio::spawn(async { work(&Client::current(), 1).await }).await)?;
    teller.fact("`Client::current()` calls the API with it", answered, 1)?;
    still_one_token(teller, prod)
}

async fn open_by_name(teller: &mut Teller, qa: &Running) -> Result<SessionHandle, Failure> {
    teller.step(
        "Open another by name and configuration",
        r#"let qa = session_kit::open("oauth", config)?;"#,
    )?;
    let provider = &qa.provider;
    let config = Config::new()
        .set("client_id", provider.client_id())
        .set("client_secret", provider.client_secret())
        .set("environment.name", qa.name)
        .set("environment.issuer", provider.issuer().as_str())
        .set("environment.api", provider.api().as_str());
    let session = session_kit::open("oauth", config)?;
    // No answer comes before all of them could have asked.
    let hold = provider.hold_tokens();
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let session = session.clone();
        tasks.spawn(async move { session.init().await });
    }
    provider
        .wait_for(|log| of_kind(log, Kind::Token).count() > 0)
        .await;
    hold.release();
    let opened = finish(tasks).await?.len();
    teller.fact(
        format_args!("{CALLERS} tasks authenticate it at once, and all succeed"),
        opened,
        CALLERS,
    )?;
    teller.fact(
        "the provider received 1 token request",
        qa.count(Kind::Token),
        1,
    )?;
    Ok(session)
}

async fn side_by_side(
    teller: &mut Teller,
    (prod, prod_session): (&Running, &SessionHandle),
    (qa, qa_session): (&Running, &SessionHandle),
) -> Result<(), Failure> {
    teller.step(
        "Both side by side, on one thread",
        "tokio::join!(prod.scope(work()), qa.scope(work()));",
    )?;
    let before = [prod.count(Kind::Api), qa.count(Kind::Api)];
    let client = Client::current();
    let (in_prod, in_qa) = tokio::join!(
        prod_session.scope(work_as("prod", &client, 3)),
        qa_session.scope(work_as("qa", &client, 4)),
    );
    teller.fact(
        "interleaved, each sees its own session and no other",
        (in_prod?, in_qa?),
        (3, 4),
    )?;
    let received = [
        prod.count(Kind::Api) - before[0],
        qa.count(Kind::Api) - before[1],
    ];
    teller.fact("3 calls reached prod and 4 reached qa", received, [3, 4])?;
    let nested = prod_session
        .enter(async {
            let inner = qa_session.enter(async { here() }).await?;
            Ok::<_, Error>([inner, here()])
        })
        .await??;
    teller.fact(
        "nested, the innermost is current, and then the outer again",
        nested,
        ["qa".to_owned(), "prod".to_owned()],
    )?;
    teller.fact(
        "outside of all scopes it is the default",
        here(),
        "prod".to_owned(),
    )
}

async fn refuse(
    teller: &mut Teller,
    prod: &Running,
    session: &SessionHandle,
) -> Result<(), Failure> {
    teller.step(
        "The server revokes the token; nobody need notice",
        r#"client.get("orders").send().await?;"#,
    )?;
    prod.provider.refuse();
    let answer = Client::new(session).get("orders").send().await?;
    let seen = last(prod, 3);
    for (line, expected) in seen.iter().zip([
        "GET /api/orders → 401, token 1",
        "POST /token → 200, token 2",
        "GET /api/orders → 200, token 2",
    ]) {
        teller.fact(expected, line.as_str(), expected)?;
    }
    teller.fact(
        "the caller got the last answer",
        (seen.len(), answer.status()),
        (3, StatusCode::OK),
    )
}

async fn close(
    teller: &mut Teller,
    prod: &Running,
    session: &SessionHandle,
) -> Result<(), Failure> {
    teller.step("Close it", "prod.close().await?;")?;
    session.close().await?;
    let expected = "POST /revoke → 200, token 2".to_owned();
    teller.fact(&expected, last(prod, 1), vec![expected.clone()])?;
    let received = prod.provider.log().len();
    let refused = Client::new(session)
        .get("orders")
        .send()
        .await
        .map(|answer| answer.status());
    let error = refused.map_err(|error| error.kind());
    teller.fact(
        "another call fails: the session is closed",
        error,
        Err(ErrorKind::Closed),
    )?;
    teller.fact("and sends nothing", prod.provider.log().len(), received)?;
    set_current(None)?;
    Ok(())
}

fn still_one_token(teller: &mut Teller, running: &Running) -> Result<(), Failure> {
    teller.fact("still 1 token request", running.count(Kind::Token), 1)
}
