//! Something was deleted from the state directory: what is needed is made anew, here and by the hosts,
//! and the user is told.

use crate::core::Core;
use nightshift_protocol::NoticeLevel;

pub fn mend(core: &mut Core) {
    let Some(ground) = &mut core.ground else { return };
    let state = core.home.state.display().to_string();
    match ground.mend(&mut *core.store) {
        Ok(false) => {}
        Ok(true) => {
            core.ground_told = false;
            core.outside.call_hosts_back();
            let text = format!(
                "{state} was deleted while in use and has been made anew; sessions go on, what \
                 ended ones had printed is lost"
            );
            core.notice(NoticeLevel::Error, text);
        }
        Err(fault) => {
            ground.mend_later();
            if !std::mem::replace(&mut core.ground_told, true) {
                let text = format!("{state} was deleted while in use: {fault}");
                core.notice(NoticeLevel::Error, text);
            }
        }
    }
}
