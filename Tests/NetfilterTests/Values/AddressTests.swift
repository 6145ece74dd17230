import Netfilter
import Testing

@Suite struct AddressTests {
    @Test(
        "An address is four numbers below 256 and reads back as it was written",
        arguments: [
            "0.0.0.0", "172.20.0.254", "255.255.255.255",
        ])
    func roundTrip(text: String) throws {
        #expect(try #require(IPv4Address(text)).description == text)
    }

    @Test(
        "Anything that is not plainly an address is refused",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4\n", " 1.2.3.4", "1..3.4", "+1.2.3.4",
            "1.2.3.-4",
            "1.2.3.٤", "0x1.2.3.4",
        ])
    func refused(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test(
        "A network with host bits, or longer than 32, is refused",
        arguments: [
            "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0", "10.0.0.0/08", "10.0.0.0/", "/8",
        ])
    func prefixRefused(text: String) {
        #expect(IPv4Prefix(text) == nil)
    }

    // The long list is what Python's ipaddress.summarize_address_range gives for the pool of the design.
    @Test(
        "A range becomes the fewest networks",
        arguments: [
            ("0.0.0.0-255.255.255.255", ["0.0.0.0/0"]), ("10.0.0.7-10.0.0.7", ["10.0.0.7/32"]),
            (
                "172.20.0.20-172.20.0.254",
                [
                    "172.20.0.20/30", "172.20.0.24/29", "172.20.0.32/27", "172.20.0.64/26", "172.20.0.128/26",
                    "172.20.0.192/27", "172.20.0.224/28", "172.20.0.240/29", "172.20.0.248/30", "172.20.0.252/31",
                    "172.20.0.254/32",
                ]
            ), ("255.255.255.254-255.255.255.255", ["255.255.255.254/31"]),
        ])
    func covering(range: String, expected: [String]) throws {
        #expect(IPv4Prefix.covering(try #require(IPv4Range(range))).map(\.description) == expected)
    }

    @Test("The networks of a range hold its addresses, each once, and no other")
    func coveringExactly() throws {
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let first = UInt32.random(in: 0...3000, using: &numbers)
            let last = UInt32.random(in: first...3100, using: &numbers)
            let range = try #require(IPv4Range(IPv4Address(number: first), IPv4Address(number: last)))
            let prefixes = IPv4Prefix.covering(range)
            for number in 0...3200 as ClosedRange<UInt32> {
                let address = IPv4Address(number: number)
                #expect(prefixes.count { $0.contains(address) } == (range.contains(address) ? 1 : 0))
            }
        }
    }

    @Test("A range that ends before it begins is refused")
    func rangeRefused() {
        #expect(IPv4Range("10.0.0.2-10.0.0.1") == nil)
        #expect(IPv4Range("10.0.0.1") == nil)
        #expect(IPv4Range("10.0.0.1 - 10.0.0.2") == nil)
    }
}
