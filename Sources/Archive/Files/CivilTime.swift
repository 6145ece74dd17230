/// The proleptic Gregorian calendar in UTC, by plain arithmetic (no locale, no time-zone data).
///
/// The day algorithm is Howard Hinnant's `days_from_civil` / `civil_from_days`.
struct CivilTime: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64

    init(seconds: Int64) {
        let days = Self.floorDivide(seconds, 86_400)
        let rest = seconds - days * 86_400
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest % 3600 / 60
        second = rest % 60
    }

    /// Reads the fourteen digits `YYYYMMDDHHMMSS`.
    ///
    /// Nil unless every digit is ASCII and the date exists (no leap seconds, no year 0).
    init?(digits: [UInt8]) {
        guard digits.count == 14, let year = Self.number(digits[0..<4]), let month = Self.number(digits[4..<6]),
            let day = Self.number(digits[6..<8]), let hour = Self.number(digits[8..<10]),
            let minute = Self.number(digits[10..<12]), let second = Self.number(digits[12..<14])
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
        guard year > 0, hour < 24, minute < 60, second < 60, CivilTime(seconds: seconds) == self else { return nil }
    }

    /// Whole days since 1970-01-01 (a Thursday).
    var days: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = Self.floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    var seconds: Int64 { days * 86_400 + hour * 3600 + minute * 60 + second }

    func date(_ separator: String) -> String {
        [Self.pad(year, 4), Self.pad(month, 2), Self.pad(day, 2)].joined(separator: separator)
    }

    func time(_ separator: String) -> String {
        [Self.pad(hour, 2), Self.pad(minute, 2), Self.pad(second, 2)].joined(separator: separator)
    }

    static func pad(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Nil unless all are ASCII digits.
    static func number(_ digits: some Sequence<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - 0x30)
        }
        return value
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}
