//! A container gets the database without the folder that its `-wal` lives in.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::lang::names;
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for mount in &inventory.mounts {
        let context = policy.context(&mount.place.file, Context::Config);
        let a_path = mount.host.contains('/') || mount.host.contains('$');
        if matches!(context, Context::Docs | Context::Vendored | Context::Test)
            || !a_path
            || !names::is_database_path(&mount.container)
        {
            continue;
        }
        let (folder, name) = mount.container.rsplit_once('/').unwrap_or(("", &mount.container));
        sink.report(
            Offence::at(&mount.place)
                .hole("database", name)
                .hole("folder", if folder.is_empty() { "/" } else { folder })
                .about(inventory.find(&mount.container).first().copied()),
        );
    }
}
