//! The tables as other programs see them: a plain postgres-es view repository, and SQL, beside a shop at work.

use crate::{
    batches::runtime,
    place::{self, now},
    shop::{Book, cart_id, sku},
};
use cqrs_es::{
    EventEnvelope, View,
    persist::{PersistenceError, ViewRepository},
};
use daybook_domain::{inventory::Inventory, order::Order};
use daybook_read_store::version_of;
use daybook_views::{Views, order::OrderView};
use postgres_es::{PostgresViewRepository, default_postgress_pool};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A view of somebody else's program, who reads and does not write.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Seen(Value);

impl View<Order> for Seen {
    fn update(&mut self, _event: &EventEnvelope<Order>) {}
}

impl View<Inventory> for Seen {
    fn update(&mut self, _event: &EventEnvelope<Inventory>) {}
}

#[test]
fn a_plain_postgres_es_view_repository_reads_the_views_also_after_a_rebuild() {
    let book = Book::day(20);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let models = Views::open(dir.path(), place::options(dir.path())).unwrap();
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    let pool = now(default_postgress_pool(&place::url(dir.path())));
    let orders = PostgresViewRepository::<Seen, Order>::new("daybook_read.orders", pool.clone());
    let stock = PostgresViewRepository::<Seen, Inventory>::new("daybook_read.stock", pool);

    let same = || {
        let mut seen = 0;
        for n in 0..20 {
            let order = cart_id(n).order_id();
            let ours = now(models.orders().by_id(order)).unwrap();
            let theirs = now(orders.load_with_context(&order.to_string())).unwrap();
            let Some(ours) = ours else {
                assert!(theirs.is_none(), "order {n}");
                continue;
            };
            let (theirs, context) = theirs.unwrap();
            assert_eq!(theirs.0, ours.parse::<Value>().unwrap());
            assert_eq!(serde_json::from_value::<OrderView>(theirs.0).unwrap(), ours.parse().unwrap());
            assert_eq!(u64::try_from(context.version).unwrap(), version_of(ours.json()));
            seen += 1;
        }
        assert!(seen > 5, "{seen} orders were compared");
        let theirs = now(stock.load(sku(1).as_str())).unwrap().unwrap();
        assert_eq!(theirs.0["sku"], sku(1).as_str());
    };
    same();
    for _ in 0..2 {
        let _guard = runtime.enter();
        models.rebuild("order").unwrap();
        while !models.rebuilds().is_empty() {
            std::thread::yield_now();
        }
        same();
    }
    let absent: Result<_, PersistenceError> = now(orders.load(&cart_id(999).order_id().to_string()));
    assert!(absent.unwrap().is_none());
    models.shutdown().unwrap();
}

#[test]
fn orders_can_be_counted_and_joined_in_sql_by_others() {
    let book = Book::day(12);
    let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let models = Views::open(dir.path(), place::options(dir.path())).unwrap();
    runtime.block_on(models.start(book.log())).unwrap();
    runtime.block_on(models.wait_for(book.head(), PATIENCE)).unwrap();
    let counted: i64 = now(async {
        let mut connection = PgConnection::connect(&place::url(dir.path())).await.unwrap();
        let asked = "SELECT count(*) FROM daybook_read.orders o JOIN daybook_read.payments p \
                     ON p.view_id = o.payload->>'payment_id' WHERE o.payload->>'state' = 'completed'";
        sqlx::query_scalar(asked).fetch_one(&mut connection).await.unwrap()
    });
    let completed = (0..12).filter(|n| {
        let order = now(models.orders().by_id(cart_id(*n).order_id())).unwrap();
        order.is_some_and(|row| row.parse::<Value>().unwrap()["state"] == "completed")
    });
    let completed = completed.count();
    assert!(completed > 0);
    assert_eq!(usize::try_from(counted).unwrap(), completed);
    models.shutdown().unwrap();
}
