//! What hosts may do to the room and to others.

use super::Room;
use super::person::Standing;
use crate::ids::{ConnectionId, ParticipantId};
use crate::message::{ByeReason, ErrorCode, Moderate, ModerateOp};

impl Room {
    pub(super) fn handle_moderate(&mut self, connection: ConnectionId, id: ParticipantId, moderate: Moderate) {
        let Some(person) = self.people.get(&id) else { return };
        let is_in_call = person.session.as_ref().is_some_and(|session| session.is_in_call());
        if !is_in_call || !person.role.moderation().contains(&moderate.op) {
            let op = moderate.op.as_str().to_owned();
            self.refuse_about(connection, ErrorCode::NotAllowed, Some(op), Some(moderate.req));
            return;
        }
        let target = moderate.target.filter(|target| self.session(*target).is_some());
        match (moderate.op, target) {
            (ModerateOp::Admit, Some(target)) => self.admit(target, Some(id)),
            (ModerateOp::Mute, Some(target)) => self.mute(target),
            (ModerateOp::Remove, Some(target)) => self.remove(target),
            (ModerateOp::Lock, _) => self.set_locked(true),
            (ModerateOp::Unlock, _) => self.set_locked(false),
            (ModerateOp::End, _) => self.end(Some(id)),
            (ModerateOp::Admit | ModerateOp::Mute | ModerateOp::Remove, None) => {
                self.refuse_about(connection, ErrorCode::UnknownTarget, Some("target".to_owned()), Some(moderate.req));
            }
        }
    }

    fn remove(&mut self, target: ParticipantId) {
        let Some(person) = self.people.get_mut(&target) else { return };
        person.standing = Standing::Removed;
        let was_in_call = person.session.as_ref().is_some_and(|session| session.is_in_call());
        self.part(target, if was_in_call { ByeReason::Removed } else { ByeReason::Denied });
    }

    fn set_locked(&mut self, locked: bool) {
        self.locked = locked;
        self.changed = true;
    }
}
