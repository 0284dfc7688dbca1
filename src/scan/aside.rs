//! Bytes put aside until they are asked for: the first of them in memory, the others in a nameless file that goes with the process.
//! Knows not what they mean.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

/// What is held in memory, in bytes: of an ordinary tree all.
const ROOM: usize = 1 << 20;

/// Bytes by where they were put.
#[derive(Debug, Default)]
pub(super) struct Aside(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    near: Vec<u8>,
    /// `None` until something is written, and where the machine has no room for it.
    far: Option<File>,
    end: u64,
}

/// Where some bytes were put.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    Near(usize, usize),
    Far(u64, usize),
}

impl Aside {
    /// # Errors
    /// Where the machine has no room for a file.
    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<Spot> {
        let held = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = held.near.len();
        if held.far.is_none() && start + bytes.len() <= ROOM {
            held.near.extend_from_slice(bytes);
            return Ok(Spot::Near(start, bytes.len()));
        }
        let file = match &mut held.far {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(held.end))?;
        file.write_all(bytes)?;
        let spot = Spot::Far(held.end, bytes.len());
        held.end += bytes.len() as u64;
        Ok(spot)
    }

    /// What was put there; `None` where it cannot be read any more.
    pub(super) fn get(&self, spot: Spot) -> Option<Vec<u8>> {
        let held = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match spot {
            Spot::Near(start, length) => held.near.get(start..start.checked_add(length)?).map(<[u8]>::to_vec),
            Spot::Far(start, length) => {
                let mut bytes = vec![0; length];
                let file = held.far.as_mut()?;
                file.seek(SeekFrom::Start(start)).ok()?;
                file.read_exact(&mut bytes).ok()?;
                Some(bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_aside_comes_back_from_wherever_it_went() {
        let aside = Aside::default();
        let text = |number: u8| vec![number; ROOM / 3];
        let spots: Vec<Spot> = (0..7).map(|number| aside.put(&text(number)).unwrap()).collect();
        let is_near: Vec<bool> = spots.iter().map(|spot| matches!(spot, Spot::Near(..))).collect();
        assert_eq!(is_near, [true, true, true, false, false, false, false]);
        for (number, spot) in (0..7).zip(spots).rev() {
            assert_eq!(aside.get(spot), Some(text(number)), "{number}");
        }
    }
}
