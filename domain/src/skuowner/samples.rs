//! Samples of who owns a SKU: states, commands, a full payload of the event, and any commands for random tests.

use super::*;
use crate::{Sku, samples::*};

fn claim(product: &str, product_version: u64, replaces: Option<SkuClaim>) -> SkuOwnerCommand {
    let claim = by(product, product_version);
    SkuOwnerCommand::ClaimSku(ClaimSku { sku: sku("mug"), claim, replaces })
}

fn by(product: &str, product_version: u64) -> SkuClaim {
    SkuClaim { product_id: parsed(product), product_version }
}

impl Sampled for SkuOwner {
    fn sample_id() -> Sku {
        sku("mug")
    }

    fn samples() -> Samples<Self> {
        let first = vec![claim("mug", 0, None)];
        let second = vec![claim("mug", 0, None), claim("cup", 3, Some(by("mug", 0)))];
        Samples {
            states: vec![
                ("absent", vec![]),
                ("claimed", decided::<Self>(&first)),
                ("claimed by another", decided::<Self>(&second)),
            ],
            commands: vec![
                claim("mug", 0, None),
                claim("mug", 2, None),
                claim("cup", 3, None),
                claim("cup", 3, Some(by("mug", 0))),
            ],
            events: vec![SkuOwnerEvent::SkuClaimed(SkuClaimed { sku: sku("MUG-RED"), claim: by("mug", 2) })],
        }
    }

    fn any_command(random: &mut Random) -> SkuOwnerCommand {
        let product = ["mug", "cup", "jug"][random.below(3)];
        let replaces = (random.below(2) == 0).then(|| by("mug", random.below(3) as u64));
        claim(product, random.below(3) as u64, replaces)
    }
}
