//! The check digit of cards, French registers and support codes (ISO/IEC 7812-1, annex B).

/// Whether every second digit from the right counted twice, the sum of all digits is a multiple of ten.
pub fn checks(digits: &[u32]) -> bool {
    let counted = |(place, digit): (usize, &u32)| match place % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(counted).sum();
    sum.is_multiple_of(10)
}
