//! Sandboxes are shared fairly: when few are left, a function that has more than its share gets no further one, so that a
//! greedy function, whose invocations all wait for something, does not keep the others out.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The sandboxes of an edge, and who has them.
pub(crate) struct Shares {
    sandboxes: usize,
    running: AtomicUsize,
    /// Functions that have any.
    functions: AtomicUsize,
}

/// A sandbox of a function, until it is dropped.
pub(crate) struct Share<'a> {
    shares: &'a Shares,
    own: &'a AtomicUsize,
}

impl Shares {
    pub(crate) fn new(sandboxes: usize) -> Self {
        Self { sandboxes, running: AtomicUsize::new(0), functions: AtomicUsize::new(0) }
    }

    /// `own` counts the function's. `None`: it has its share, and less than a quarter is free. A share leaves room for one
    /// function more than there are.
    pub(crate) fn enter<'a>(&'a self, own: &'a AtomicUsize) -> Option<Share<'a>> {
        let mine = own.fetch_add(1, Relaxed) + 1;
        if mine == 1 {
            self.functions.fetch_add(1, Relaxed);
        }
        let all = self.running.fetch_add(1, Relaxed) + 1;
        let share = Share { shares: self, own };
        let few_left = all > self.sandboxes - self.sandboxes / 4;
        let fair = (self.sandboxes / (self.functions.load(Relaxed) + 1)).max(1);
        (!few_left || mine <= fair).then_some(share)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.shares.running.fetch_sub(1, Relaxed);
        if self.own.fetch_sub(1, Relaxed) == 1 {
            self.shares.functions.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_room_for_others_however_greedy_a_function_is() {
        let shares = Shares::new(12);
        let (greedy, second, third) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let held: Vec<_> = std::iter::from_fn(|| shares.enter(&greedy)).collect();
        assert_eq!(held.len(), 9);
        let others: Vec<_> = std::iter::from_fn(|| shares.enter(&second)).take(12).collect();
        assert_eq!(others.len(), 4, "a third of all, of which it is the second");
        assert!(shares.enter(&third).is_some(), "a newcomer gets in");
        drop((held, others));
        assert_eq!((shares.running.load(Relaxed), shares.functions.load(Relaxed)), (0, 0));
    }

    #[test]
    fn gives_each_of_many_functions_one() {
        let (shares, many) = (Shares::new(4), [const { AtomicUsize::new(0) }; 8]);
        let held: Vec<_> = many.iter().map(|own| shares.enter(own)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(shares.enter(&many[0]).is_none());
    }
}
