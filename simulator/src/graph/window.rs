//! What was counted in the last so-and-so-many seconds.

use std::collections::VecDeque;

/// Amounts by the second in which they were counted, the old ones dropped.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// In the order of time.
    amounts: VecDeque<(u64, u64)>,
    sum: u64,
}

impl Window {
    /// Counts an amount `now`, for so many seconds.
    pub(super) fn add(&mut self, now: u64, seconds: u64, amount: u64) {
        self.drop_old(now, seconds);
        self.sum += amount;
        match self.amounts.back_mut() {
            Some((second, there)) if *second >= now => *there += amount,
            _ => self.amounts.push_back((now, amount)),
        }
    }

    pub(super) fn sum(&mut self, now: u64, seconds: u64) -> u64 {
        self.drop_old(now, seconds);
        self.sum
    }

    /// Seconds until the sum is below the limit, if nothing is added; 0 if it is.
    pub(super) fn until_below(&mut self, now: u64, seconds: u64, limit: u64) -> u64 {
        self.drop_old(now, seconds);
        let mut left = self.sum;
        for (second, amount) in &self.amounts {
            if left < limit {
                return 0;
            }
            left -= amount;
            if left < limit {
                return (second + seconds).saturating_sub(now);
            }
        }
        0
    }

    /// Seconds until nothing of it is left.
    pub(super) fn lasts(&mut self, now: u64, seconds: u64) -> u64 {
        self.drop_old(now, seconds);
        let last = self.amounts.back().map_or(0, |(second, _)| *second);
        if self.sum == 0 {
            0
        } else {
            (last + seconds).saturating_sub(now)
        }
    }

    fn drop_old(&mut self, now: u64, seconds: u64) {
        while let Some((second, amount)) = self.amounts.front().copied()
            && second + seconds <= now
        {
            self.sum -= amount;
            self.amounts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_counts_for_its_seconds_and_no_longer() {
        let mut window = Window::default();
        window.add(10, 60, 3);
        window.add(30, 60, 2);
        assert_eq!(window.sum(69, 60), 5);
        assert_eq!(window.sum(70, 60), 2);
        assert_eq!(window.sum(90, 60), 0);
    }

    #[test]
    fn the_time_until_there_is_room_is_told() {
        let mut window = Window::default();
        window.add(10, 60, 3);
        window.add(30, 60, 2);
        assert_eq!(window.until_below(30, 60, 6), 0);
        assert_eq!(window.until_below(30, 60, 5), 40);
        assert_eq!(window.until_below(30, 60, 2), 60);
        assert_eq!(window.lasts(30, 60), 60);
    }
}
