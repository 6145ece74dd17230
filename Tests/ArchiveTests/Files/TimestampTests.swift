import Testing

@testable import Archive

@Suite("Times")
struct TimestampTests {
    // Seconds by `date -u -d … +%s` (GNU coreutils 9.1).
    @Test(
        "a time prints and reads back",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (1_795_401_000, "2026-11-23T02:30:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-2_203_891_200, "1900-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(Int64, String)])
    func text(seconds: Int64, text: String) {
        #expect(Timestamp(seconds: seconds).description == text)
        #expect(Timestamp(text) == Timestamp(seconds: seconds))
    }

    @Test("nanoseconds have nine decimals")
    func nanoseconds() {
        let time = Timestamp(seconds: 5, nanoseconds: 7)
        #expect(time.description == "1970-01-01T00:00:05.000000007Z")
        #expect(Timestamp(time.description) == time)
    }

    @Test(
        "a pax time reads and prints to the ends of what a file system can hold",
        arguments: [
            ("9223372036854775807", Int64.max, 0), ("-9223372036854775808", .min, 0), ("-1.5", -2, 500_000_000),
            ("9223372036854775807.999999999", .max, 999_999_999), ("-9223372036854775807.1", .min, 900_000_000),
        ] as [(String, Int64, UInt32)])
    func pax(text: String, seconds: Int64, nanoseconds: UInt32) throws {
        let time = try #require(Timestamp(pax: Array(text.utf8)[...]))
        #expect(time == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
        #expect(Timestamp(pax: Array(time.paxText.utf8)[...]) == time)
        #expect(!time.description.isEmpty)
    }

    @Test(
        "a pax time beyond 64 bits is refused",
        arguments: ["9223372036854775808", "-9223372036854775809", "-9223372036854775808.5", "18446744073709551616"])
    func paxBeyond(text: String) { #expect(Timestamp(pax: Array(text.utf8)[...]) == nil) }

    @Test("every day of eight centuries reads back")
    func days() {
        for day in stride(from: Int64(-146_097), to: 146_097, by: 1) {
            let civil = CivilTime(seconds: day * 86_400)
            #expect(civil.days == day)
        }
    }

    @Test(
        "what is no moment is refused",
        arguments: [
            "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T02:30:60Z",
            "2026-11-23 02:30:00Z", "2026-11-23T02:30:00", "2026-11-23T02:30:00+00:00", "2026-11-23T02:30:00.5Z",
            "2026-11-23T02:30:00Z\n", "٢٠٢٦-11-23T02:30:00Z", "0000-01-01T00:00:00Z", "2026-11-31T00:00:00Z",
        ])
    func refused(text: String) { #expect(Timestamp(text) == nil) }
}
