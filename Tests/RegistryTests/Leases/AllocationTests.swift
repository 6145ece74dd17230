import Registry
import Testing

@Suite("Leases of addresses")
struct AllocationTests {
    private func containers(_ names: String...) throws -> [ContainerName] {
        try names.map { try #require(ContainerName($0)) }
    }

    private func service(_ id: String) throws -> ServiceID { try #require(ServiceID(id)) }

    private func address(_ text: String) throws -> ServiceAddress { try #require(ServiceAddress(text)) }

    private func text(_ leases: AddressLeases) -> String {
        String(decoding: leases.serialized(), as: UTF8.self).filter { !" \n".contains($0) }
    }

    @Test("a service's containers get the lowest free addresses of the guide's pool in their order")
    func fresh() throws {
        var leases = AddressLeases()
        try leases.allocate(containers("cell-mail", "cell-rainloop"), for: service("email"))
        try leases.allocate(containers("cell-notes"), for: service("notes"), inUse: [address("172.20.0.22")])
        #expect(
            text(leases)
                == #"{"email":{"cell-mail":"172.20.0.20","cell-rainloop":"172.20.0.21"},"notes":{"cell-notes":"172.20.0.23"}}"#
        )
    }

    @Test("what a container has it keeps, whatever is in use; one that is gone gives its address back")
    func kept() throws {
        var leases = try AddressLeases(
            parsing: Array(#"{"email": {"cell-mail": "172.20.0.40", "cell-old": "172.20.0.20"}, "b": {}}"#.utf8))
        try leases.allocate(
            containers("cell-rainloop", "cell-mail"), for: service("email"), inUse: [address("172.20.0.40")])
        #expect(text(leases) == #"{"email":{"cell-rainloop":"172.20.0.20","cell-mail":"172.20.0.40"},"b":{}}"#)
        #expect(try leases.mainContainer(of: Fixture.manifest("email")).rawValue == "cell-rainloop")
        leases.release(try service("email"))
        leases.release(try service("never"))
        #expect(text(leases) == #"{"b":{}}"#)
    }

    @Test("an address that is none, or that another container has too, is replaced")
    func repaired() throws {
        var leases = try AddressLeases(
            parsing: Array(#"{"a": {"cell-a": "172.20.0.20"}, "b": {"cell-b": "172.20.0.20", "cell-c": "here"}}"#.utf8))
        try leases.allocate(containers("cell-b", "cell-c"), for: service("b"))
        #expect(text(leases) == #"{"a":{"cell-a":"172.20.0.20"},"b":{"cell-b":"172.20.0.21","cell-c":"172.20.0.22"}}"#)
    }

    @Test("a full pool is a clear error and changes nothing")
    func exhausted() throws {
        let pool = try #require(AddressPool("172.20.0.20-172.20.0.22"))
        var leases = AddressLeases()
        try leases.allocate(containers("cell-a"), for: service("a"), from: pool)
        let before = leases
        let error = #expect(throws: RegistryError.self) {
            try leases.allocate(
                containers("cell-b", "cell-c"), for: service("b"), from: pool, inUse: [address("172.20.0.21")])
        }
        #expect(error?.code == .configuration)
        #expect(
            error?.message
                == "cell-c: no address is left in the pool 172.20.0.20-172.20.0.22 (1 are leased to other services, "
                + "1 are in use); remove a service, or widen network.pool in config/picjobs.yml")
        #expect(leases == before)
    }

    @Test("the whole pool can be leased, and the order of installations decides alone")
    func wholePool() throws {
        var leases = AddressLeases()
        for number in 0..<235 {
            try leases.allocate(containers("cell-a\(number)"), for: service("s\(number)"))
        }
        #expect(leases.address(of: try containers("cell-a234")[0], in: try service("s234")) == "172.20.0.254")
        #expect(throws: RegistryError.self) { try leases.allocate(containers("cell-z"), for: service("z")) }
        leases.release(try service("s100"))
        try leases.allocate(containers("cell-z"), for: service("z"))
        #expect(leases.address(of: try containers("cell-z")[0], in: try service("z")) == "172.20.0.120")
        #expect(try AddressLeases(parsing: leases.serialized()) == leases)
    }

    @Test(
        "an address has one text only",
        arguments: [
            "172.20.0", "172.20.0.256", "172.20.0.020", "172.20.0.+1", " 172.20.0.1", "172.20.0.1\n", "1.2.3.4.5", "",
            "172.20.0.٣", "172.20..1",
        ])
    func noAddress(_ text: String) {
        #expect(ServiceAddress(text) == nil)
    }

    @Test(
        "pools",
        arguments: ["172.20.0.30-172.20.0.20", "172.20.0.20", "172.20.0.20-", "a-b", "1.1.1.1-1.1.1.2-1.1.1.3"])
    func noPool(_ text: String) {
        #expect(AddressPool(text) == nil)
        #expect(AddressPool("172.20.0.20-172.20.0.254") == .usual)
        #expect(AddressPool("0.0.0.0-255.255.255.255")?.rawValue == "0.0.0.0-255.255.255.255")
    }
}
