//! The service that knows how deployments are: slow, sometimes wrong, and stopped when somebody says so.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// One answer in so many is an error.
const FLAKY: u32 = 8;

/// A client of the service. A clone asks the same one.
#[derive(Clone, Debug)]
pub struct Cloud(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    latency: Duration,
    is_stopped: AtomicBool,
    asked: AtomicU64,
}

impl Cloud {
    pub fn new(latency: Duration) -> Self {
        Self(Arc::new(Inner {
            latency,
            is_stopped: AtomicBool::new(false),
            asked: AtomicU64::new(0),
        }))
    }

    /// Stops it, or starts it again.
    pub fn set_stopped(&self, is_stopped: bool) {
        self.0.is_stopped.store(is_stopped, Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Relaxed)
    }

    /// How often it was asked.
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Relaxed)
    }

    /// The status of a deployment, after a while.
    pub async fn status(&self, deployment: u32) -> Result<String, String> {
        let number = self.0.asked.fetch_add(1, Relaxed);
        tokio::time::sleep(self.0.latency.mul_f64(fastrand::f64().mul_add(2.0, 1.0))).await;
        if self.is_stopped() {
            return Err("the service does not answer".to_owned());
        }
        if fastrand::u32(..FLAKY) == 0 {
            return Err("the service has answered 500".to_owned());
        }
        let states = ["running", "deploying", "scaling", "healthy"];
        let state = states[fastrand::usize(..states.len())];
        Ok(format!("{state}, build {deployment}.{number}"))
    }
}
