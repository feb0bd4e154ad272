//! On which event store a shop is: what a test shows of one, it shows of each.

use crate::servers::postgres::database;

/// A kind of event store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Files in the shop's own directory.
    Files,
    /// A database of its own on a real PostgreSQL server.
    Postgres,
}

impl On {
    /// An empty store, as a URL; none: the shop makes its own.
    pub async fn new_store(self) -> Option<String> {
        match self {
            Self::Files => None,
            Self::Postgres => Some(database().await.expect("PostgreSQL can be started")),
        }
    }
}

/// Makes a test of each of these functions on each kind of store; they take an [`On`].
#[macro_export]
macro_rules! on_each_store {
    ($($test:ident),+ $(,)?) => {
        mod on_files {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::shop::On::Files).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::shop::On::Postgres).await;
            })+
        }
    };
}
