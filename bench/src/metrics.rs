//! The server's own counters, as `/metrics` tells them.

use crate::load::Client;
use std::{net::SocketAddr, time::Duration};

/// One reading of all of them.
pub(crate) struct Metrics(String);

impl Metrics {
    /// What the server there tells; it may have no place for one more client at the moment.
    pub(crate) async fn of(address: SocketAddr) -> anyhow::Result<Self> {
        let mut tries = 300;
        loop {
            let asked = async {
                let mut client = Client::connect(address).await?;
                let answer = client.get("/metrics").await?;
                answer.expect(&[200], "GET /metrics")?;
                anyhow::Ok(Self::new(answer.body))
            };
            match asked.await {
                Err(_) if tries > 0 => tries -= 1,
                told => return told,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn new(text: &[u8]) -> Self {
        Self(String::from_utf8_lossy(text).into_owned())
    }

    /// All series of `name` added up; zero where there are none.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.sum_where(name, "")
    }

    /// As [`Self::sum`], of the series whose labels contain `label`, for example `from="cache"`.
    pub(crate) fn sum_where(&self, name: &str, label: &str) -> f64 {
        let lines = self.0.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .filter(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn series_of_one_name_are_added_and_others_are_not() {
        let metrics = Metrics::new(b"# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 3.5\na_more 100\nb 7\n");
        assert_eq!((metrics.sum("a"), metrics.sum("b"), metrics.sum("c")), (5.5, 7.0, 0.0));
        assert_eq!(metrics.sum_where("a", "x=\"2\""), 3.5);
    }
}
