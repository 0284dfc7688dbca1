//! Mounts: one place under several names, as compose volumes, `docker run` and the policy say.

use super::resolve::{MountPoint, normalise};
use crate::lang::Mount;

/// The mount points of a tree. A named volume is no folder of the tree and is left out.
pub(super) fn mount_points(declared: &[(String, String)], written: &[Mount]) -> Vec<MountPoint> {
    let mut points: Vec<MountPoint> = declared.iter().map(|(from, to)| (from.clone(), normalise(to))).collect();
    for mount in written {
        let Some(host) = host_path(mount) else { continue };
        let container = mount.container.trim_end_matches('/');
        if container.len() > 1 && !points.iter().any(|(from, _)| from == container) {
            points.push((container.to_owned(), host));
        }
    }
    // What is mounted at the same place of a container elsewhere (in production, say) is the same folder.
    let elsewhere: Vec<MountPoint> = written
        .iter()
        .filter(|mount| mount.host.starts_with('/') && !mount.host.contains('$'))
        .filter_map(|mount| {
            let host = mount.host.trim_end_matches('/');
            let (_, folder) = points.iter().find(|(from, _)| from == mount.container.trim_end_matches('/'))?;
            (host.len() > 1).then(|| (host.to_owned(), folder.clone()))
        })
        .collect();
    for (host, folder) in elsewhere {
        if !points.iter().any(|(from, _)| *from == host) {
            points.push((host, folder));
        }
    }
    points
}

/// The host's side of a mount as a path of the tree; `None` when it lies outside, or is a named volume.
fn host_path(mount: &Mount) -> Option<String> {
    let host = mount.host.trim();
    let host = ["${PWD}", "$PWD", "$(pwd)"]
        .iter()
        .find_map(|here| host.strip_prefix(here).map(|rest| format!(".{rest}")))
        .unwrap_or_else(|| host.to_owned());
    if !host.starts_with('.') || host.contains('$') {
        return None;
    }
    let folder = mount.place.file.rfind('/').map_or("", |at| &mount.place.file[..at]);
    let path = normalise(format!("{folder}/{host}").trim_start_matches('/'));
    (!path.starts_with("..")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Place;

    #[test]
    fn case_24_volumes_are_one_place_under_two_names() {
        let mount = |host: &str, container: &str| Mount {
            place: Place::whole("deploy/compose.yml".into()),
            host: host.into(),
            container: container.into(),
        };
        let written = [
            mount("./data", "/app/data"),
            mount("named", "/var/lib/x"),
            mount("../shared/", "/srv"),
            mount("/opt/x", "/y"),
            mount("/home/pi/data", "/app/data"),
        ];
        let points = mount_points(&[("/app/data".into(), "data".into())], &written);
        assert_eq!(
            points,
            [
                ("/app/data".to_owned(), "data".to_owned()),
                ("/srv".to_owned(), "shared".to_owned()),
                ("/home/pi/data".to_owned(), "data".to_owned())
            ]
        );
    }
}
