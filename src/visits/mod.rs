//! The record of visits: what rooms tell becomes rows, and what becomes of an appointment happens in its room.
//!
//! One task takes notices off the rooms' queue in their order and hears which appointments changed. It owns nothing but the list of visits
//! that have people now. Rooms decide who may do what in a call, the model which step an appointment may take; here neither is decided.

mod recorder;

use crate::clock;
use crate::metrics::Metrics;
use crate::model::ids::AppointmentId;
use crate::model::time::{UnixMillis, before};
use crate::rooms::{RoomNotice, Rooms};
use crate::storage::{Author, Database, StorageError, appointments, visits};
use recorder::Recorder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A visit that nobody closed is closed so long after its planned end, unless somebody is there: links work until then.
const CLOSED_AFTER: Duration = Duration::from_secs(60 * 60);
/// How long the record gets to write what is queued when the server stops.
const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// The running task.
pub struct Recording {
    task: JoinHandle<()>,
    finish: oneshot::Sender<()>,
}

/// What the last process left open: nobody is there any more, and visits whose time is over have ended.
///
/// # Errors
/// The database failed.
pub async fn recover(database: &Database, now: UnixMillis) -> Result<(), StorageError> {
    let mut change = database.change(Author::System, now).await?;
    if visits::abandon(&mut change).await? > 0 {
        change.commit().await?;
    }
    close_overdue(database, now, |_| false).await
}

/// Starts to write down what `rooms` tell.
#[must_use]
pub fn record(
    database: &Database,
    rooms: &Arc<Rooms>,
    metrics: &Arc<Metrics>,
    notices: mpsc::Receiver<RoomNotice>,
) -> Recording {
    let recorder = Recorder::new(database.clone(), Arc::clone(rooms), Arc::clone(metrics));
    let (finish, finished) = oneshot::channel();
    Recording { task: tokio::spawn(recorder.keep(notices, database.notices(), finished)), finish }
}

impl Recording {
    /// Writes what is queued; rooms tell nothing more.
    pub async fn finish(self) {
        let _ = self.finish.send(());
        if tokio::time::timeout(FINISH_WITHIN, self.task).await.is_err() {
            tracing::error!("the record of visits is not complete");
        }
    }
}

/// Ends the visits that were to be over long ago, as of when they were last seen. `is_live` says who is still in a room.
async fn close_overdue(
    database: &Database,
    now: UnixMillis,
    is_live: impl Fn(AppointmentId) -> bool,
) -> Result<(), StorageError> {
    for id in visits::overdue(database, before(now, CLOSED_AFTER)).await? {
        let Some(appointment) = appointments::find(database, id).await?.filter(|_| !is_live(id)) else { continue };
        let Some(visit) = visits::of_appointment(database, id).await? else { continue };
        let mut change = database.change(Author::System, clock::unix_ms()).await?;
        visits::close(&mut change, &appointment, visit.seen).await?;
        change.commit().await?;
    }
    Ok(())
}
