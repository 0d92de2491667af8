//! HTTP clients whose name resolution is the check: a connection is only ever made to an address that the policy permits, so
//! what a name resolves to later, or for somebody else, changes nothing.

use crate::{Failure, Policy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::runtime::Runtime;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections kept to one origin, for one policy.
const MAX_IDLE: usize = 16;
/// Clients kept, by policy and port; each has connections of its own.
const MAX_CLIENTS: usize = 128;

/// The way out of an edge: a thread that does its functions' requests, and their connections.
pub struct Egress {
    runtime: Option<Runtime>,
    clients: Mutex<VecDeque<Kept>>,
}

struct Kept {
    policy: Arc<Policy>,
    port: u16,
    client: reqwest::Client,
}

impl Egress {
    /// # Errors
    /// When the operating system has no thread for it.
    pub fn open() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("egress")
            .enable_io()
            .enable_time()
            .build()?;
        Ok(Self { runtime: Some(runtime), clients: Mutex::default() })
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Option<tokio::task::AbortHandle> {
        self.runtime.as_ref().map(|runtime| runtime.spawn(work).abort_handle())
    }

    /// The client of one policy (told apart by identity) for one port. Its connections are shared with nobody else's.
    pub(crate) fn client(&self, policy: &Arc<Policy>, port: u16) -> Result<reqwest::Client, Failure> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let at = clients.iter().position(|kept| kept.port == port && Arc::ptr_eq(&kept.policy, policy));
        if let Some(kept) = at.and_then(|at| clients.remove(at)) {
            let client = kept.client.clone();
            clients.push_back(kept);
            return Ok(client);
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .referer(false)
            .dns_resolver(Arc::new(Checked { policy: policy.clone(), port }))
            .build()
            .map_err(|error| Failure::of(&error))?;
        if clients.len() >= MAX_CLIENTS {
            clients.pop_front();
        }
        clients.push_back(Kept { policy: policy.clone(), port, client: client.clone() });
        Ok(client)
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Resolves names with the operating system, and leaves out what the policy does not permit.
struct Checked {
    policy: Arc<Policy>,
    port: u16,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, port) = (self.policy.clone(), self.port);
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
                .await
                .map_err(|_| Failure::new("ENOTFOUND", format!("getaddrinfo ENOTFOUND {host}")))?
                .filter(|address| policy.permits_address(host, address.ip(), port))
                .collect();
            if found.is_empty() {
                return Err(Failure::forbidden_address(host).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
