//! Ids that follow from the file and the shop's secret: the same invoice has the same cart, order and command ids in every
//! run, and nobody computes them from an invoice's number. They name the source and the invoice, not the file's bytes, so
//! that a longer or corrected file of the same shop does not sell an invoice twice; a command that says something else
//! under the same id is refused.

use daybook_domain::Timestamp;
use daybook_engine::ShopSecret;
use uuid::Uuid;

/// UUIDs of one source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImportIds<'a> {
    secret: &'a ShopSecret,
    source: &'a str,
}

impl<'a> ImportIds<'a> {
    pub(crate) const fn of_source(secret: &'a ShopSecret, source: &'a str) -> Self {
        Self { secret, source }
    }

    /// The id of `what` is called `name`; begins with the time, as UUIDv7 does, so that ids sort by it.
    pub(crate) fn entity(self, what: &str, name: &str, at: Timestamp) -> Uuid {
        let mut bytes = *self.command(what, name).as_bytes();
        let millis = u64::try_from(at.as_nanos() / 1_000_000).unwrap_or(0);
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        Uuid::new_v8(bytes)
    }

    /// The id of the command that does `what` for `name`.
    pub(crate) fn command(self, what: &str, name: &str) -> Uuid {
        self.secret.id("import", &[self.source, what, name])
    }
}

/// A digest (FNV-1a, 64 bits) of what the file says, the same in every run and release. Never zero, which
/// would mean "unknown".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).number(i64::try_from(text.len()).unwrap_or(i64::MAX))
    }

    pub(crate) fn number(self, number: i64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    pub(crate) const fn finish(self) -> u64 {
        if self.0 == 0 { 1 } else { self.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_the_secret_the_source_and_the_name_alone() {
        let (secret, other) = (ShopSecret::new([7; 32]), ShopSecret::new([8; 32]));
        let ids = ImportIds::of_source(&secret, "a");
        assert_eq!(ids.command("cart", "1"), ImportIds::of_source(&secret, "a").command("cart", "1"));
        assert_ne!(ids.command("cart", "1"), ids.command("cart", "2"));
        assert_ne!(ids.command("cart", "1"), ids.command("ship", "1"));
        assert_ne!(ids.command("cart", "1"), ImportIds::of_source(&secret, "b").command("cart", "1"));
        assert_ne!(ids.command("cart", "1"), ImportIds::of_source(&other, "a").command("cart", "1"));
    }

    #[test]
    fn ids_of_things_sort_by_time() {
        let secret = ShopSecret::new([7; 32]);
        let ids = ImportIds::of_source(&secret, "a");
        let at = |ms: i64| ids.entity("cart", "1", Timestamp::from_nanos(ms * 1_000_000));
        assert!(at(1_291_191_960_000) < at(1_291_191_960_001));
    }

    #[test]
    fn a_digest_tells_texts_apart_and_never_changes() {
        let digest = |a: &str, b: &str| Digest::new().text(a).text(b).finish();
        assert_ne!(digest("ab", "c"), digest("a", "bc"));
        assert_eq!(Digest::new().finish(), 0xcbf2_9ce4_8422_2325);
        // A published test vector of FNV-1a.
        assert_eq!(Digest::new().bytes(b"a").finish(), 0xaf63_dc4c_8601_ec8c);
    }
}
