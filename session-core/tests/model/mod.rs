//! A session whose threads a model checker schedules: what they do, what the backend sees of it, and what must
//! hold in the end.

mod check;
mod checker;
mod door;
mod manner;
mod op;
mod scene;
pub(crate) mod suspend;
mod tasks;
mod world;

#[cfg(model_shuttle)]
pub(crate) use manner::Manner;
pub(crate) use op::{Deed, Op};
pub(crate) use scene::{Scene, Start};
pub(crate) use tasks::Fate;
pub(crate) use world::{Outcome, hush};
