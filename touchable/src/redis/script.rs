//! Several commands in one atomic step.

use ::redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, cmd};

use super::Connection;

/// A Lua script, known to the server by its digest. All its keys lie in one slot.
#[derive(Debug)]
pub(crate) struct Script {
    code: String,
    digest: String,
}

impl Script {
    pub(crate) fn new(code: impl Into<String>) -> Self {
        let code = code.into();
        Self {
            digest: ::redis::Script::new(&code).get_hash().to_owned(),
            code,
        }
    }

    /// Runs it with these keys, and the arguments that `fill` appends.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        connection: &Connection,
        keys: &[&str],
        fill: impl Fn(&mut Cmd),
    ) -> Result<T, RedisError> {
        let command = |verb: &str, script: &str| {
            let mut command = cmd(verb);
            command.arg(script).arg(keys.len()).arg(keys);
            fill(&mut command);
            command
        };
        match connection.query(&command("EVALSHA", &self.digest)).await {
            // The server has started anew, or has never run it: nothing was done.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                connection.query(&command("EVAL", &self.code)).await
            }
            answer => answer,
        }
    }
}
