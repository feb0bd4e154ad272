//! The contract of the two answers to an append: sequenced comes first or together with durable, and says the same.

use super::{Backend, append, everything, put, stream};
use crate::{ExpectedVersion, Version};
use futures::FutureExt;

pub async fn what_is_durable_was_sequenced_before_with_the_same_answer(backend: &dyn Backend) {
    let log = backend.fresh().await;
    let (a, b) = (stream("a"), stream("b"));
    put(&log, &b, [1]).await;
    let answers: Vec<_> = (0..40_u64)
        .map(|n| {
            // Now and then a conflict, and the same again.
            let expected = if n % 10 == 9 { ExpectedVersion::NoStream } else { ExpectedVersion::Any };
            let ids = if n % 10 == 8 { [u128::from(n) + 99] } else { [u128::from(n) + 100] };
            let group =
                vec![append(&a, ExpectedVersion::Any, ids), append(&b, expected, [1_000 + u128::from(n)])];
            log.append(group).split()
        })
        .collect();
    let mut last = 1;
    for (sequenced, durable) in answers {
        let durable = durable.await.expect("the log takes appends");
        let sequenced =
            sequenced.now_or_never().expect("what is durable is sequenced").expect("it was taken");
        assert_eq!(sequenced, durable);
        for appended in sequenced.iter().flatten().filter(|appended| !appended.already_there) {
            assert_eq!(appended.first_position.get(), last + 1, "sequenced in the order of calling");
            last = appended.last_position.get();
        }
    }
    assert_eq!(everything(&log).await.len() as u64, last);
}

pub async fn whoever_waits_for_the_first_answer_gets_it_and_the_events_are_durable_all_the_same(
    backend: &dyn Backend,
) {
    let log = backend.fresh().await;
    let a = stream("a");
    for n in 0..20 {
        let expected = ExpectedVersion::Exact(Version::new(n));
        let (sequenced, durable) = log.append(vec![append(&a, expected, [u128::from(n) + 1])]).split();
        let outcomes = sequenced.await.expect("the log takes appends");
        let version = outcomes[0].as_ref().expect("nothing is in the way").last_version;
        assert_eq!(version, Version::new(n + 1));
        if n % 3 == 0 {
            assert_eq!(durable.await.expect("the log takes appends"), outcomes);
        }
    }
    // The last group of all is durable only after those before it.
    put(&log, &a, [21]).await;
    assert_eq!(everything(&log).await.len(), 21);
}

pub async fn both_answers_say_that_the_log_is_closed(backend: &dyn Backend) {
    let log = backend.fresh().await;
    log.close().await.expect("the log closes");
    let group = vec![append(&stream("a"), ExpectedVersion::Any, [1])];
    let (sequenced, durable) = log.append(group).split();
    sequenced.await.expect_err("a closed log sequences nothing");
    durable.await.expect_err("a closed log takes nothing");
}
