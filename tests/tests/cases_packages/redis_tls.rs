//! Redis behind TLS.

use touchable::cache::store::Redis;
use touchable_tests::judge;

use crate::known::FAILING;

/// `rediss` is a right URL: what is missing is named.
#[test]
fn s_a_refused_rediss_url_names_tls() {
    judge(FAILING, "s_a_refused_rediss_url_names_tls", "here", || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // Nobody listens on this port.
        let outcome = runtime.block_on(Redis::connect("rediss://127.0.0.1:9"));
        let said = outcome.unwrap_err().to_string();
        assert!(said.to_lowercase().contains("tls"), "TLS is not named: {said}");
        assert!(
            !said.contains("it should be `redis://"),
            "a right URL is called wrong: {said}"
        );
    });
}
