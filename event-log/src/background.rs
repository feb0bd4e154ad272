//! Lower priorities for threads whose work can wait, so that work somebody waits for goes first.
//!
//! Commands, their appends and the read models a checkout waits for compete for the cores with compactions,
//! merges of the search index and rebuilds, which come in bursts. The scheduler cannot know which is which;
//! here it is told. Nothing is starved: under full load such a thread still gets about a quarter of a core
//! ("nice" 5 weighs 335 against 1,024).

/// How much lower than the program itself.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;
/// For what has all the time there is: under full load one hundredth of a core ("nice" 19 weighs 15).
#[cfg(target_os = "linux")]
const NICEST: i32 = 19;

/// Lowers the priority of the calling thread, and of those it starts from now on. Does nothing where priorities belong
/// to whole processes.
pub fn lower_priority() {
    #[cfg(target_os = "linux")]
    lower_to(NICE);
}

/// The same for work that nobody will ever wait for. It must not hold a lock that others need: under load
/// it may be kept from running while it does.
pub(crate) fn lowest_priority() {
    #[cfg(target_os = "linux")]
    lower_to(NICEST);
}

#[cfg(target_os = "linux")]
fn lower_to(nice: i32) {
    use rustix::process::{getpriority_process, setpriority_process};
    // On Linux "no process" is the calling thread.
    let lowered = getpriority_process(None).and_then(|now| setpriority_process(None, now.max(nice)));
    if let Err(error) = lowered {
        tracing::debug!(%error, "a background thread keeps its priority");
    }
}

/// Opens something whose own threads get the lower priority: they inherit the priority of the thread that starts them.
pub fn in_background<T: Send>(open: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let opened = scope.spawn(|| {
            lower_priority();
            open()
        });
        opened.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[test]
    fn only_the_thread_and_its_children_lower_priority() {
        let before = getpriority_process(None).expect("readable");
        let (lowered, child) = in_background(|| {
            let child = std::thread::spawn(|| getpriority_process(None).expect("readable"));
            (getpriority_process(None).expect("readable"), child.join().expect("a child"))
        });
        assert_eq!((lowered, child), (before.max(NICE), before.max(NICE)));
        assert_eq!(getpriority_process(None).expect("readable"), before);
    }
}
