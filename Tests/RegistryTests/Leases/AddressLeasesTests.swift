import Registry
import Testing

@Suite("data/ip_leases.json")
struct AddressLeasesTests {
    private func manifest() throws -> Manifest {
        try Fixture.manifest("email")
    }

    @Test("Each container of a service has its address; ${SERVICE_IP} is that of the first in the file")
    func reading() throws {
        let email = try manifest()
        let text = #"{"email": {"cell-mail": "172.20.0.22", "cell-rainloop": "172.20.0.21"}, "notes": {}}"#
        let leases = try AddressLeases(parsing: Array(text.utf8))
        let (mail, rainloop) = (try #require(ContainerName("cell-mail")), try #require(ContainerName("cell-rainloop")))
        #expect(leases.address(of: mail, in: email.id) == "172.20.0.22")
        #expect(leases.address(of: rainloop, in: email.id) == "172.20.0.21")
        #expect(leases.address(of: mail, in: try #require(ServiceID("notes"))) == nil)
        #expect(leases.mainContainer(of: email) == mail)
        let other = #"{"email": {"cell-rainloop": "172.20.0.23", "cell-mail": "172.20.0.22"}}"#
        #expect(try AddressLeases(parsing: Array(other.utf8)).mainContainer(of: email) == rainloop)
        #expect(AddressLeases().mainContainer(of: email) == mail)
    }

    @Test(
        "A file that is none is refused, with the place of the fault",
        arguments: [("[]", "object"), (#"{"email": []}"#, "/email"), (#"{"email": {"a": 5}}"#, "/email/a"), ("{", "")])
    func faults(text: String, words: String) throws {
        let error = #expect(throws: RegistryError.self) { try AddressLeases(parsing: Array(text.utf8)) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("data/ip_leases.json") == true)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}
