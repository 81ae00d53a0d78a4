//! A session whose threads a model checker schedules: what they do, what the backend sees of it, and what must
//! hold in the end.

mod checker;
mod op;
mod scene;
pub(crate) mod suspend;
mod tasks;
mod world;

pub(crate) use op::Op;
pub(crate) use scene::{Scene, Start};
pub(crate) use world::{Outcome, hush};
