//! A tiny shop in memory: it executes commands, follows its own log with all processes in any order, repeats
//! steps as after crashes, and fires deadlines. What the engine does for real, without disk and threads.

use crate::{gateway::Gateway, samples::Random};
use daybook_domain::{
    Actor, AggregateState, Command, Context, Event, Rejection, Timestamp,
    payment::{GatewayOutcome, GatewayRequest, PaymentCommand, RecordOutcome},
    process::{self, Deadline, Process, ProcessConfig, Reaction, Refusal, StepOutcome, Trigger},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

pub(crate) struct Recorded {
    pub(crate) stream: String,
    pub(crate) version: u64,
    pub(crate) event: Event,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
}

/// One process' work on one event, from the start or in the middle.
#[derive(Clone)]
struct Task {
    process: usize,
    position: usize,
    /// How often the reaction was begun before.
    attempt: u32,
    step: Step,
}

#[derive(Clone)]
enum Step {
    React,
    Execute { commands: Vec<Command>, outcomes: Vec<StepOutcome> },
    Conclude { commands: Vec<Command> },
    Ask { request: GatewayRequest, asked: u32 },
    Record { request: GatewayRequest, outcome: GatewayOutcome, asked: u32 },
}

pub(crate) struct Shop {
    pub(crate) states: BTreeMap<String, AggregateState>,
    pub(crate) log: Vec<Recorded>,
    pub(crate) gateway: Gateway,
    pub(crate) now: Timestamp,
    pub(crate) random: Random,
    processes: Vec<Box<dyn Process>>,
    done: HashMap<String, Vec<Event>>,
    tasks: Vec<Task>,
    deadlines: BTreeMap<(usize, String), (Timestamp, Timestamp, Command)>,
    /// Reactions that are begun again at a time.
    later: Vec<(Timestamp, Task)>,
    /// Reactions that processes gave up.
    pub(crate) dead_letters: Vec<String>,
    commands: u64,
}

impl Shop {
    pub(crate) fn new(seed: u64, now: Timestamp, config: ProcessConfig) -> Self {
        Self {
            states: BTreeMap::new(),
            log: Vec::new(),
            gateway: Gateway::default(),
            now,
            random: Random::new(seed),
            processes: process::all(config),
            done: HashMap::new(),
            tasks: Vec::new(),
            deadlines: BTreeMap::new(),
            later: Vec::new(),
            dead_letters: Vec::new(),
            commands: 0,
        }
    }

    /// A command from outside, now.
    pub(crate) fn ask(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        self.commands += 1;
        self.execute(format!("outside {}", self.commands), command, self.now)
    }

    /// As the engine does: what was done under an id is not done again; what was refused is decided anew.
    fn execute(&mut self, id: String, command: Command, now: Timestamp) -> StepOutcome {
        if let Some(events) = self.done.get(&id) {
            return Ok(events.clone());
        }
        let stream = command.stream_name();
        let kind = command.aggregate();
        let state = self
            .states
            .entry(stream.clone())
            .or_insert_with(|| AggregateState::new(kind).expect("commands name aggregates that exist"));
        let events = state.handle(command, &Context { now, actor: Actor::Anonymous })?;
        for event in &events {
            let version = 1 + self.log.iter().filter(|recorded| recorded.stream == stream).count() as u64;
            let (stream, event, recorded_at) = (stream.clone(), event.clone(), self.now);
            self.log.push(Recorded { stream, version, event, occurred_at: now, recorded_at });
            self.notice(self.log.len() - 1);
        }
        self.done.insert(id, events.clone());
        Ok(events)
    }

    fn notice(&mut self, position: usize) {
        let recorded = &self.log[position];
        let event = &recorded.event;
        for (number, process) in self.processes.iter().enumerate() {
            if !process.interests().contain(event.kind().index()) {
                continue;
            }
            self.tasks.push(Task { process: number, position, attempt: 0, step: Step::React });
            let key = (number, recorded.stream.clone());
            match process.deadline(trigger(recorded, 0)) {
                Deadline::Unchanged => {}
                Deadline::Set { after, command } => {
                    let (due, as_of) = (recorded.recorded_at.after(after), recorded.occurred_at.after(after));
                    self.deadlines.insert(key, (due, as_of, command));
                }
                Deadline::Cleared => {
                    self.deadlines.remove(&key);
                }
            }
        }
    }

    /// One step of any one task; sometimes a task starts again, as after a crash.
    pub(crate) fn step(&mut self) -> bool {
        self.fire_deadlines();
        let now = self.now;
        let due = self.later.extract_if(.., |(due, _)| *due <= now);
        self.tasks.extend(due.map(|(_, task)| task));
        if self.tasks.is_empty() {
            return false;
        }
        let at = self.random.below(self.tasks.len());
        let mut task = self.tasks.swap_remove(at);
        if self.random.one_in(20) {
            task.step = match task.step {
                // A call that may have been made is asked about, never blindly made again.
                Step::Ask { request, asked } | Step::Record { request, asked, .. } => {
                    Step::Ask { request, asked: asked.max(1) }
                }
                Step::React | Step::Execute { .. } | Step::Conclude { .. } => Step::React,
            };
        }
        let repeat = self.random.one_in(20).then(|| task.clone());
        if let Some(next) = self.advance(task) {
            self.tasks.push(next);
        } else if let Some(mut again) = repeat
            && matches!(again.step, Step::Conclude { .. })
        {
            again.step = Step::React;
            self.tasks.push(again);
        }
        true
    }

    fn advance(&mut self, task: Task) -> Option<Task> {
        let Task { process, position, attempt, step } = task;
        let rule = &self.processes[process];
        let recorded = &self.log[position];
        let (occurred_at, name) = (recorded.occurred_at, rule.name());
        let step = match step {
            Step::React => match rule.react(trigger(recorded, attempt)) {
                Reaction::Nothing => return None,
                Reaction::Commands(commands) => Step::Execute { commands, outcomes: Vec::new() },
                Reaction::CallGateway(request) => Step::Ask { request, asked: 0 },
                Reaction::ResolveGateway(request) => Step::Ask { request, asked: 1 },
            },
            Step::Execute { commands, mut outcomes } => match commands.get(outcomes.len()).cloned() {
                Some(command) => {
                    let id = format!("{name} {position} react {}", outcomes.len());
                    let name = command.name();
                    let outcome = self.execute(id, command, occurred_at);
                    if let Err(rejection) = &outcome
                        && let Some(step) = self.refused(process, position, attempt, name, rejection)
                    {
                        return step;
                    }
                    outcomes.push(outcome);
                    Step::Execute { commands, outcomes }
                }
                None => Step::Conclude { commands: rule.resolve(trigger(recorded, 0), &outcomes) },
            },
            Step::Conclude { mut commands } => {
                let command = commands.pop()?;
                let id = format!("{name} {position} resolve {} {}", command.stream_name(), command.name());
                let name = command.name();
                if let Err(rejection) = self.execute(id, command, occurred_at)
                    && let Some(step) = self.refused(process, position, attempt, name, &rejection)
                {
                    return step;
                }
                Step::Conclude { commands }
            }
            Step::Ask { request, asked } => {
                let outcome = match asked {
                    0 => self.gateway.call(&request, &mut self.random),
                    _ => match self.gateway.status(&request) {
                        GatewayOutcome::NotSeen => self.gateway.call(&request, &mut self.random),
                        answer => answer,
                    },
                };
                Step::Record { request, outcome, asked: asked + 1 }
            }
            Step::Record { request, outcome, asked } => {
                let settled =
                    matches!(outcome, GatewayOutcome::Approved { .. } | GatewayOutcome::Declined { .. });
                let operation_id = request.operation_id;
                let record = PaymentCommand::RecordOutcome(RecordOutcome { operation_id, outcome });
                let id = format!("{name} {position} record {asked} {}", self.random.draw());
                let answer = self.execute(id, Command::Payment(request.payment_id, record), occurred_at);
                let called_only = asked == 1 && self.rule_calls(process);
                // What is unknown after a call is resolved by the process that follows its event.
                if let Err(rejection) = &answer {
                    self.refused(process, position, attempt, "RecordOutcome", rejection);
                }
                if settled || answer.is_err() || called_only {
                    return None;
                }
                Step::Ask { request, asked }
            }
        };
        Some(Task { process, position, attempt, step })
    }

    /// What a process makes of a refusal: none, it goes on; else what the reaction becomes.
    fn refused(
        &mut self,
        process: usize,
        position: usize,
        attempt: u32,
        command: &str,
        rejection: &Rejection,
    ) -> Option<Option<Task>> {
        let recorded = &self.log[position];
        match self.processes[process].refused(trigger(recorded, attempt), command, rejection) {
            Refusal::Expected => None,
            Refusal::Retry { after } => {
                let task = Task { process, position, attempt: attempt + 1, step: Step::React };
                self.later.push((self.now.after(after), task));
                Some(None)
            }
            Refusal::DeadLetter => {
                let name = self.processes[process].name();
                self.dead_letters.push(format!("{name}: {command} was refused: {rejection}"));
                Some(None)
            }
        }
    }

    fn rule_calls(&self, process: usize) -> bool {
        self.processes[process].name() == "call_gateway_when_payment_asks"
    }

    fn fire_deadlines(&mut self) {
        let due = |(_, (due, ..)): &(&(usize, String), &(Timestamp, Timestamp, Command))| *due <= self.now;
        let Some(key) = self.deadlines.iter().find(due).map(|(key, _)| key.clone()) else { return };
        if let Some((_, as_of, command)) = self.deadlines.remove(&key) {
            let name = command.name();
            if let Err(rejection) = self.execute(format!("deadline {key:?} {as_of:?}"), command, as_of) {
                let position =
                    self.log.iter().position(|recorded| recorded.stream == key.1).expect("it has events");
                self.refused(key.0, position, 0, name, &rejection);
            }
        }
    }

    /// Lets everything that is under way come to its end, and time run until no deadline is left.
    pub(crate) fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 200_000, "the shop never comes to rest");
            let stuck = round % 500 == 499;
            if !self.step() || stuck {
                let later = self.later.iter().map(|(due, _)| *due);
                match self.deadlines.values().map(|(due, ..)| *due).chain(later).min() {
                    Some(next) => self.now = self.now.max(next),
                    None if self.tasks.is_empty() => {
                        assert!(self.dead_letters.is_empty(), "{:#?}", self.dead_letters);
                        return;
                    }
                    None => {}
                }
            }
        }
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }
}

fn trigger(recorded: &Recorded, attempt: u32) -> Trigger<'_> {
    let (_, aggregate_id) = recorded.stream.split_once('-').expect("streams are named aggregate-id");
    let Recorded { event, version, occurred_at, .. } = recorded;
    Trigger { event, aggregate_id, version: *version, occurred_at: *occurred_at, attempt }
}
