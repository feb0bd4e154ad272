//! `aggregates!` with aggregates that no other code knows. This compiles only if everything that the system needs
//! of an aggregate follows from its own file and its line in the list.

#![expect(unreachable_pub, reason = "the macros make public items, and nothing outside sees these")]

use crate::{
    AggregateKind, CacheClass, Class, CommandSet as _, Context, Decider, EventData as _, EventError,
    EventSet as _, Interests, RejectionKind,
    command::commands,
    event::events,
    registry::aggregates,
    rejection::rejections,
    samples::{Random, Sampled, Samples, Visitor, context, decided, evolved},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A device that is switched on once. Its event has a second version: the first one did not say who did it.
macro_rules! device {
    ($module:ident, $state:ident, $command:ident, $event:ident, $rejection:ident, $data:ident, $name:literal) => {
        pub mod $module {
            use super::*;

            commands! {
                $command { SwitchOn, }
            }

            #[derive(Debug, Clone, PartialEq)]
            pub struct SwitchOn {
                pub watts: u32,
            }

            rejections! {
                $rejection {
                    #[class(Own("too-bright"))]
                    #[error("{watts} W asked for")]
                    TooBright { watts: u32 },
                    #[class(Conflict)]
                    #[error("it is on")]
                    IsOn {},
                }
            }

            events! {
                $event of super::$module::$state, upcast by upcast { $data = 2, }
            }

            fn upcast(_event_type: &str, _from_version: u16, mut fields: Value) -> Value {
                if let Some(fields) = fields.as_object_mut() {
                    fields.entry("by").or_insert(json!("unknown"));
                }
                fields
            }

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
            pub struct $data {
                pub watts: u32,
                pub by: String,
            }

            #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
            pub struct $state {
                pub watts: Option<u32>,
            }

            impl Decider for $state {
                const NAME: &'static str = $name;
                const STATE_VERSION: u32 = 3;
                const CACHE: CacheClass = CacheClass::Hot;
                type Id = crate::Sku;
                type Command = $command;
                type Event = $event;
                type Rejection = $rejection;

                fn decide(&self, command: $command, context: &Context) -> Result<Vec<$event>, $rejection> {
                    let $command::SwitchOn(SwitchOn { watts }) = command;
                    match self.watts {
                        Some(_) => Err($rejection::IsOn {}),
                        None if watts > 100 => Err($rejection::TooBright { watts }),
                        None => Ok(vec![$event::$data($data { watts, by: context.actor.to_string() })]),
                    }
                }

                fn evolve(&mut self, event: &$event) {
                    let $event::$data(on) = event;
                    self.watts = Some(on.watts);
                }
            }

            impl Sampled for $state {
                fn sample_id() -> crate::Sku {
                    crate::samples::sku("hall")
                }

                fn samples() -> Samples<Self> {
                    let commands = vec![$command::SwitchOn(SwitchOn { watts: 40 })];
                    let on = decided::<Self>(&commands);
                    Samples { states: vec![("off", vec![]), ("on", on.clone())], commands, events: on }
                }

                fn any_command(random: &mut Random) -> $command {
                    $command::SwitchOn(SwitchOn { watts: random.units(0, 200) })
                }
            }
        }
    };
}

device!(lamp, Lamp, LampCommand, LampEvent, LampRejection, LampSwitchedOn, "lamp");
device!(heater, Heater, HeaterCommand, HeaterEvent, HeaterRejection, HeaterSwitchedOn, "heater");

aggregates! {
    Lamp(lamp::Lamp),
    Heater(heater::Heater),
}

fn switch_on(watts: u32) -> Command {
    Command::Lamp(crate::samples::sku("hall"), lamp::LampCommand::SwitchOn(lamp::SwitchOn { watts }))
}

#[test]
fn a_command_finds_its_stream_and_its_aggregate_decides() {
    let command = switch_on(40);
    assert_eq!((command.aggregate(), command.stream_name().as_str()), ("lamp", "lamp-hall"));
    assert_eq!(command.name(), "SwitchOn");
    let mut state = AggregateState::new(command.aggregate()).expect("it is in the list");
    let events = state.handle(command, &context()).expect("it was off");
    assert_eq!(state.handle(switch_on(60), &context()).map_err(|no| no.name()), Err("IsOn"));
    let mut read = AggregateState::new("lamp").expect("it is in the list");
    events.iter().for_each(|event| read.apply(event));
    assert_eq!(read, state);
    assert_eq!(
        <&lamp::LampEvent>::try_from(&events[0]).expect("it is a lamp's").kind().name,
        "LampSwitchedOn"
    );
    assert!(<&heater::HeaterEvent>::try_from(&events[0]).is_err());
    assert!(AggregateState::new("fridge").is_none());
}

#[test]
fn states_are_stored_and_read_back() {
    let mut state = AggregateState::new("heater").expect("it is in the list");
    let on = heater::HeaterSwitchedOn { watts: 90, by: "ada".to_owned() };
    state.apply(&heater::HeaterEvent::HeaterSwitchedOn(on).into());
    assert_eq!(
        (state.aggregate(), state.state_version(), state.kind().cache),
        ("heater", 3, CacheClass::Hot)
    );
    assert_eq!(AggregateState::from_snapshot("heater", &state.to_snapshot()).expect("just written"), state);
    assert!(AggregateState::from_snapshot("lamp", b"[]").is_err());
    assert!(AggregateState::from_snapshot("fridge", b"{}").is_err());
}

#[test]
fn events_of_every_version_are_read() {
    let old = json!({ "watts": 25 });
    let event = Event::decode("lamp", "LampSwitchedOn", 1, old.to_string().as_bytes()).expect("it is lifted");
    assert_eq!((event.aggregate(), event.type_name(), event.schema_version()), ("lamp", "LampSwitchedOn", 2));
    let encoded: Value = serde_json::from_slice(&event.encode()).expect("just written");
    assert_eq!(encoded, json!({ "watts": 25, "by": "unknown" }));
    assert_eq!(Event::upcast("lamp", "LampSwitchedOn", 1, old.clone()), encoded);
    assert_eq!(Event::upcast("lamp", "LampSwitchedOn", 2, old.clone()), old);
    assert_eq!(Event::upcast("fridge", "FridgeOpened", 1, old.clone()), old);
    let newer = Event::decode("lamp", "LampSwitchedOn", 3, b"{}");
    assert!(matches!(newer, Err(EventError::NewerSchema { found: 3, known: 2, .. })), "{newer:?}");
    let unknown = Event::decode("fridge", "FridgeOpened", 1, b"{}");
    assert!(matches!(unknown, Err(EventError::UnknownAggregate(_))), "{unknown:?}");
    let schemas = Event::schemas();
    assert_eq!(
        schemas.iter().map(|(kind, _)| kind.name).collect::<Vec<_>>(),
        ["LampSwitchedOn", "HeaterSwitchedOn"]
    );
    assert!(schemas[0].1.as_value()["properties"]["by"].is_object());
}

#[test]
fn kinds_have_numbers_of_their_own() {
    assert_eq!(
        Event::kinds().map(|kind| (kind.aggregate, kind.name)).collect::<Vec<_>>(),
        [("lamp", "LampSwitchedOn"), ("heater", "HeaterSwitchedOn")]
    );
    let heaters = Interests::of(&[heater::HeaterSwitchedOn::KIND]);
    assert!(heaters.contain(Event::kind_index("heater", "HeaterSwitchedOn").expect("it is in the list")));
    assert!(!heaters.contain(Event::kind_index("lamp", "LampSwitchedOn").expect("it is in the list")));
    let newer = Event::kind_index("heater", "HeaterExploded").expect("the aggregate is in the list");
    assert!(!heaters.contain(newer) && Interests::all_of::<heater::Heater>().contain(newer));
    assert_eq!(Event::kind_index("fridge", "FridgeOpened"), None);
    let event: Event =
        lamp::LampEvent::LampSwitchedOn(lamp::LampSwitchedOn { watts: 1, by: String::new() }).into();
    assert_eq!((event.kind(), event.kind().version), (lamp::LampSwitchedOn::KIND, 2));
}

#[test]
fn an_aggregate_says_all_that_is_asked_of_it() {
    let [lamp, heater] = AGGREGATES else { panic!("{AGGREGATES:?}") };
    let AggregateKind { name, state_version, commands, events, rejections, .. } = *lamp;
    assert_eq!((name, state_version, commands, events.len()), ("lamp", 3, &["SwitchOn"][..], 1));
    let too_bright = RejectionKind { name: "TooBright", class: Class::Own("too-bright") };
    assert_eq!(rejections, [too_bright, RejectionKind { name: "IsOn", class: Class::Conflict }]);
    assert_eq!(heater.name, "heater");
    let mut state = AggregateState::new("lamp").expect("it is in the list");
    let refused = state.handle(switch_on(200), &context()).expect_err("it is too bright");
    assert_eq!(refused.kind(), too_bright);
    assert_eq!(refused.to_string(), "200 W asked for");
    assert_eq!(serde_json::to_value(&refused).expect("data"), json!({ "reason": "TooBright", "watts": 200 }));
}

#[test]
fn its_samples_reach_the_generic_tests() {
    struct Names(Vec<&'static str>);

    impl Visitor for Names {
        fn visit<D>(&mut self)
        where
            D: Sampled
                + cqrs_es::Aggregate<
                    Command = <D as Decider>::Command,
                    Event = <D as Decider>::Event,
                    Error = <D as Decider>::Rejection,
                    Services = Context,
                >,
        {
            assert_eq!(<D as cqrs_es::Aggregate>::TYPE, D::NAME);
            let (_, events) = D::samples().states.remove(1);
            assert_ne!(evolved::<D>(&events), D::default());
            assert!(D::samples().commands.iter().all(|command| command.name() == "SwitchOn"));
            self.0.push(D::NAME);
        }
    }

    let mut names = Names(Vec::new());
    visit_aggregates(&mut names);
    assert_eq!(names.0, ["lamp", "heater"]);
    for samples in all_samples() {
        assert_eq!(samples.events[0].aggregate(), samples.aggregate);
        assert_eq!(samples.states[1].1, samples.events);
        assert_eq!(samples.commands[0].aggregate(), samples.aggregate);
        assert_eq!(
            (samples.any_command)(&mut Random::new(1)).stream_name(),
            format!("{}-hall", samples.aggregate)
        );
    }
}
