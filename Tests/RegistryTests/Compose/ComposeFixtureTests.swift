import Registry
import Testing

@Suite("Compose files of the example services")
struct ComposeFixtureTests {
    @Test("every fixture renders and obeys the policy", arguments: Fixture.names)
    func fixtures(_ name: String) throws {
        let rendering = try ComposeCase.fixture(name).rendering()
        #expect(rendering.violations.isEmpty, "\(rendering.violations)")
        #expect(rendering.binds.isEmpty)
        #expect(try rendering.composeFile() == ComposeCase.fixture(name).rendering().composeFile())
    }

    @Test("notes: variables are filled in, and what the cell demands is added")
    func notes() throws {
        #expect(
            try ComposeCase.fixture("notes").file()
                == """
                # Made by picjobs from the manifest and the template; changes here are lost.
                services:
                  cell-notes:
                    image: "git.pic.ngo/roof/pic-notes:latest"
                    container_name: "cell-notes"
                    restart: "unless-stopped"
                    environment:
                      NOTES_PORT: "8080"
                      NOTES_DOMAIN: "alice.pic.ngo"
                      NOTES_DB_PASS: "\(ComposeCase.secret("DB_PASSWORD"))"
                    volumes:
                      - "notes-data:/data/notes"
                    networks:
                      cell-network:
                        ipv4_address: "172.20.0.20"
                    cap_drop:
                      - "NET_RAW"
                    dns:
                      - "172.20.0.9"
                volumes:
                  notes-data: {}
                networks:
                  cell-network:
                    external: true

                """)
    }

    @Test("homepage has no template: image, name, volume and address come from the manifest")
    func homepage() throws {
        let tree = try ComposeCase.fixture("homepage").readBack()
        let service = try #require(tree["services", "cell-homepage"])
        #expect(service["image"] == .scalar("git.pic.ngo/roof/pic-homepage:latest"))
        #expect(service["container_name"] == .scalar("cell-homepage"))
        #expect(service["restart"] == .scalar("unless-stopped"))
        #expect(
            service["volumes"]
                == .list([
                    .members([
                        "type": .scalar("volume"), "source": .scalar("homepage-html"),
                        "target": .scalar("/usr/share/nginx/html"),
                    ])
                ]))
        #expect(service["networks", "cell-network", "ipv4_address"] == .scalar("172.20.0.20"))
        #expect(service["cap_drop"] == .list([.scalar("NET_RAW")]))
        #expect(service["dns"] == .list([.scalar("172.20.0.9")]))
        #expect(service["labels"] == nil)
        #expect(tree["volumes", "homepage-html"] == .members([:]))
        #expect(tree["networks"] == .members(["cell-network": .members(["external": .scalar("true")])]))
    }

    @Test("email: each container has its lease, the manifest's env reaches the main one")
    func email() throws {
        let tree = try ComposeCase.fixture("email").readBack()
        #expect(tree["services", "cell-mail", "networks", "cell-network", "ipv4_address"] == .scalar("172.20.0.20"))
        #expect(tree["services", "cell-rainloop", "networks", "cell-network", "ipv4_address"] == .scalar("172.20.0.21"))
        #expect(tree["services", "cell-mail", "hostname"] == .scalar("mail.alice.pic.ngo"))
        let environment = try #require(tree["services", "cell-mail", "environment"])
        #expect(environment["ENABLE_IMAP"] == .scalar("1"))
        #expect(environment["MAIL_DOMAIN"] == .scalar("example.org"))
        #expect(environment["MESSAGE_SIZE_MB"] == .scalar("25"))
        #expect(environment["SPAM_FILTER"] == .scalar("true"))
        #expect(tree["services", "cell-rainloop", "environment"] == nil)
    }

    @Test("without a template several containers can't be made")
    func severalWithoutTemplate() throws {
        var email = try ComposeCase.fixture("email")
        email.template = nil
        #expect(
            try email.violations() == [
                "services: has no \"cell-rainloop\", which the manifest declares [compose-containers]; make containers, "
                    + "services and container_name agree"
            ])
    }

    @Test("the container that the template gives ${SERVICE_IP} comes first, with its address for all")
    func otherMain() throws {
        let text = """
            services:
              cell-mail:
                image: git.pic.ngo/roof/pic-mail:1
                container_name: cell-mail
                environment: {PEER: "${SERVICE_IP}"}
              cell-rainloop:
                image: git.pic.ngo/roof/pic-rainloop:1
                container_name: cell-rainloop
                networks: {cell-network: {ipv4_address: "${SERVICE_IP}"}}
            """
        var email = try ComposeCase.fixture("email")
        email.template = Array(text.utf8)
        let template = try ComposeTemplate(email.template, for: email.manifest)
        #expect(template.containers(of: email.manifest).map(\.rawValue) == ["cell-rainloop", "cell-mail"])
        let tree = try email.readBack()
        #expect(tree["services", "cell-rainloop", "networks", "cell-network", "ipv4_address"] == .scalar("172.20.0.20"))
        #expect(tree["services", "cell-mail", "networks", "cell-network", "ipv4_address"] == .scalar("172.20.0.21"))
        #expect(tree["services", "cell-mail", "environment", "PEER"] == .scalar("172.20.0.20"))
    }

    @Test("a rendering with a violation has no file")
    func noFile() throws {
        let rendering = try ComposeCase.notes(service: "privileged: true").rendering()
        let error = #expect(throws: RegistryError.self) { try rendering.composeFile() }
        #expect(error?.code == .manifest)
        #expect(
            error?.message
                == "compose-template.yml: /services/cell-notes/privileged: is no key that a service may have "
                + "[compose-key]; remove it; a service has no rights on the host")
    }
}
