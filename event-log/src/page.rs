//! Bounds of what one read of the log answers. Events differ in size by a factor of ten thousand, so a number of events
//! does not bound memory; a number of bytes does.

/// At most so many events, and at most so many bytes of records. One event is answered however large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    pub events: usize,
    pub bytes: usize,
}

impl PageLimits {
    /// Only a number of events.
    #[must_use]
    pub const fn events(events: usize) -> Self {
        Self { events, bytes: usize::MAX }
    }
}

/// A page that is being filled: says of each next event whether it still fits.
#[derive(Debug)]
pub struct PageRoom {
    limits: PageLimits,
    events: usize,
    bytes: usize,
    /// An event did not fit: one that is smaller must not be taken in its place.
    ended: bool,
}

impl PageRoom {
    #[must_use]
    pub const fn new(limits: PageLimits) -> Self {
        Self { limits, events: 0, bytes: 0, ended: false }
    }

    /// Whether a record of `bytes` fits behind those before. The first that does not fit ends the page.
    pub const fn admit(&mut self, bytes: usize) -> bool {
        let after = self.bytes.saturating_add(bytes);
        self.ended |= self.events >= self.limits.events || (self.events > 0 && after > self.limits.bytes);
        if !self.ended {
            self.events += 1;
            self.bytes = after;
        }
        !self.ended
    }

    /// How many more events there may be.
    #[must_use]
    pub const fn events_left(&self) -> usize {
        self.limits.events - self.events
    }

    /// Whether no event can follow, however small.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.ended
            || self.events >= self.limits.events
            || (self.events > 0 && self.bytes >= self.limits.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_at_either_bound_and_holds_one_event_however_large() {
        let admitted = |events, bytes, sizes: &[usize]| {
            let mut room = PageRoom::new(PageLimits { events, bytes });
            sizes.iter().take_while(|size| room.admit(**size)).count()
        };
        assert_eq!(admitted(10, 100, &[40, 40, 20, 1]), 3);
        assert_eq!(admitted(2, 100, &[1, 1, 1]), 2);
        assert_eq!(admitted(10, 100, &[5_000, 1]), 1);
        assert_eq!(admitted(10, 100, &[1, 5_000]), 1);
        assert_eq!(admitted(0, 100, &[1]), 0);
    }
}
