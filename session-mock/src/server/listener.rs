//! The provider's thread, its runtime, and the socket it listens on.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use super::client::Client;
use super::clock::Clock;
use super::connection::{self, Encryption};
use super::site::Site;
use super::state::{Endpoints, State};
use super::terms::Terms;

/// How many connections may wait to be accepted; the usual 128 would make a client of a thousand wait for a second.
const BACKLOG: u32 = 4096;

/// How long a dropped provider waits for its thread, which only a callback of the user's can keep so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is served, and by what scheme.
pub(super) struct Serving {
    pub(super) scheme: &'static str,
    pub(super) encryption: Encryption,
    pub(super) site: Option<Arc<dyn Site>>,
}

/// A running thread; dropping it ends the thread, with all connections.
#[derive(Debug)]
pub(super) struct Listener {
    stop: Option<oneshot::Sender<()>>,
    /// Never receives anything, but learns when the thread has dropped its end. A mutex only to be `Sync`.
    stopped: Mutex<mpsc::Receiver<()>>,
}

impl Listener {
    /// Returns once the socket listens.
    pub(super) fn start(
        client: Client,
        terms: Terms,
        clock: Clock,
        serving: Serving,
    ) -> io::Result<(Self, Arc<State>)> {
        let (stop, until) = oneshot::channel();
        let (stopping, stopped) = mpsc::sync_channel(0);
        let (report, started) = mpsc::sync_channel(1);
        // All of it happens on the new thread: a runtime must not be dropped where another one runs, which is
        // where the caller may be.
        let run = move || {
            let _dropped_last = stopping;
            let runtime = match tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => return drop(report.send(Err(error))),
            };
            runtime.block_on(async {
                let encryption = serving.encryption.clone();
                match bind(client, terms, clock, serving) {
                    Ok((listener, state)) => {
                        tokio::spawn(accept(listener, state.clone(), encryption));
                        drop(report.send(Ok(state)));
                        let _ = until.await;
                    }
                    Err(error) => drop(report.send(Err(error))),
                }
            });
        };
        thread::Builder::new()
            .name("session-mock provider".to_owned())
            .spawn(run)?;
        let state = started.recv().map_err(io::Error::other)??;
        let listener = Self {
            stop: Some(stop),
            stopped: Mutex::new(stopped),
        };
        Ok((listener, state))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        self.stop.take();
        let stopped = self
            .stopped
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = stopped.recv_timeout(PATIENCE);
    }
}

fn bind(
    client: Client,
    terms: Terms,
    clock: Clock,
    serving: Serving,
) -> io::Result<(TcpListener, Arc<State>)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let listener = socket.listen(BACKLOG)?;
    let scheme = serving.scheme;
    let endpoints = Endpoints::at(listener.local_addr()?, scheme, serving.site.as_deref())?;
    Ok((
        listener,
        Arc::new(State::new(endpoints, client, terms, clock, serving.site)),
    ))
}

async fn accept(listener: TcpListener, state: Arc<State>, encryption: Encryption) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (state, encryption) = (state.clone(), encryption.clone());
                tokio::spawn(connection::serve(stream, state, encryption));
            }
            // No descriptor is free, most likely: trying again at once would only burn the processor.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
