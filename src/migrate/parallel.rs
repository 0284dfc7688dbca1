//! Work done side by side, on a few threads. Knows nothing of what it is.

use std::sync::Mutex;
use std::thread;

use super::Stop;

/// More read no faster than the disk and the memory do.
const THREADS: usize = 4;

/// Does every piece of work; the answers are in its order. After the first that stops, none is begun.
pub(super) fn side_by_side<T: Send, A: Send>(
    pieces: Vec<T>,
    work: impl Fn(T) -> Result<A, Stop> + Sync,
) -> Result<Vec<A>, Stop> {
    with(pieces, || Ok(()), |(), piece| work(piece))
}

/// The same; each thread first makes what it works with.
pub(super) fn with<T: Send, W, A: Send>(
    pieces: Vec<T>,
    make: impl Fn() -> Result<W, Stop> + Sync,
    work: impl Fn(&mut W, T) -> Result<A, Stop> + Sync,
) -> Result<Vec<A>, Stop> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS).min(pieces.len());
    let left = Mutex::new(pieces.into_iter().enumerate());
    let next = || left.lock().ok().and_then(|mut left| left.next());
    let run = || -> Result<Vec<(usize, A)>, Stop> {
        let mut tools = make()?;
        let mut done = Vec::new();
        while let Some((at, piece)) = next() {
            match work(&mut tools, piece) {
                Ok(answer) => done.push((at, answer)),
                Err(stop) => {
                    while next().is_some() {}
                    return Err(stop);
                }
            }
        }
        Ok(done)
    };
    let done: Result<Vec<Vec<(usize, A)>>, Stop> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().map(|it| it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut done: Vec<(usize, A)> = done?.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, answer)| answer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_in_the_order_of_the_work() {
        assert_eq!(
            side_by_side((0..100).collect(), |n: i32| Ok(n * 2)).unwrap(),
            (0..200).step_by(2).collect::<Vec<_>>()
        );
        assert_eq!(side_by_side(Vec::<i32>::new(), Ok).unwrap(), Vec::<i32>::new());
    }

    #[test]
    fn one_that_stops_stops_all() {
        let stopped =
            side_by_side((0..100).collect(), |n: i32| if n == 7 { Err(Stop::new("seven", "", "")) } else { Ok(n) });
        assert_eq!(stopped.unwrap_err().title, "seven");
    }
}
