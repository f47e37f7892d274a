//! Invented people and places.

pub(super) const GIVEN: [&str; 16] = [
    "Ana", "Ben", "Chloe", "Dev", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira",
    "Liam", "Mei", "Noor", "Oskar", "Priya",
];
pub(super) const FAMILY: [&str; 16] = [
    "Andersen", "Boyd", "Chen", "Dubois", "Eriksen", "Flores", "Gill", "Hansen", "Ito", "Jensen",
    "Kowalski", "Lavoie", "Mensah", "Novak", "Okafor", "Petrov",
];
pub(super) const STREETS: [&str; 8] = [
    "Aspen Crescent",
    "Birch Lane",
    "Cedar Road",
    "Dogwood Drive",
    "Elm Street",
    "Fir Court",
    "Garnet Way",
    "Hazel Avenue",
];
/// Of teams; a business has no more.
pub(super) const TEAMS: [&str; 3] = ["North", "South", "Riverside"];
