//! Commands of one aggregate as a closed set. All commands together are [`Command`](crate::Command), made by
//! `aggregates!`.

use std::fmt::Debug;

/// The commands of one aggregate; implemented by `commands!`.
pub trait CommandSet: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// All names, in the order of the declaration.
    const NAMES: &'static [&'static str];

    /// The command's name, imperative, for example `PlaceOrder`. For logs and metrics.
    fn name(&self) -> &'static str;
}

/// Declares an aggregate's commands: an enum whose variants hold payload structs of the same names.
macro_rules! commands {
    ($(#[$doc:meta])* $name:ident { $($variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($variant($variant),)+
        }

        impl $crate::CommandSet for $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($variant),)+];

            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)+
                }
            }
        }
    };
}
pub(crate) use commands;
