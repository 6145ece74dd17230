import Registry
import Testing

@Suite("The five example manifests")
struct FixtureTests {
    @Test("calendar: every field")
    func calendar() throws {
        let manifest = try Fixture.manifest("calendar")
        #expect(manifest.schemaVersion == 3)
        #expect(manifest.id.rawValue == "calendar")
        #expect(manifest.name == "Calendar")
        #expect(manifest.description == "CalDAV and CardDAV calendars and contacts.")
        #expect(manifest.version == "1.0.0")
        #expect(manifest.author == "pic")
        #expect(manifest.kind == .store)
        #expect(manifest.minPICVersion == "1.0")
        check(manifest.capabilities, [true, true, false, true, false, false])
        #expect(manifest.subdomain == "calendar")
        #expect(manifest.extraSubdomains == ["contacts"])
        #expect(manifest.backend == "cell-radicale:5232")
        #expect(manifest.extraBackends.isEmpty)
        #expect(manifest.containers.map(\.rawValue) == ["cell-radicale"])
        #expect(manifest.configSchema.fields.isEmpty)
        #expect(
            manifest.peerConfigTemplate == [
                "caldav_url": "https://calendar.{domain}/{peer.username}/", "username": "{peer.username}",
                "password": "{peer.service_credentials.calendar.password}",
            ])
        check(manifest.accounts, "calendar_manager")
        check(manifest.backup, ["cell-radicale:/data:radicale"], ["config/radicale"])
        #expect(manifest.egress == nil)
        #expect(manifest.storage?.primaryPath == "data/radicale")
        #expect(manifest.storage?.quotaMB == 1024)
        #expect(manifest.image == "git.pic.ngo/roof/pic-radicale:latest")
        #expect(manifest.containerName.rawValue == "cell-radicale")
        check(manifest.volumes, ["radicale-data:/data"])
        #expect(manifest.env.isEmpty)
        check(manifest.iptablesRules, [5232])
        #expect(manifest.caddyRoute?.subdomain == "calendar")
    }

    @Test("email: every field")
    func email() throws {
        let manifest = try Fixture.manifest("email")
        #expect(manifest.schemaVersion == 3)
        #expect(manifest.id.rawValue == "email")
        #expect(manifest.name == "Email")
        #expect(manifest.description == "IMAP and SMTP mail with a webmail client.")
        #expect(manifest.version == "1.0.0")
        #expect(manifest.author == "pic")
        #expect(manifest.kind == .store)
        #expect(manifest.minPICVersion == "1.0")
        check(manifest.capabilities, [true, true, true, true, true, false])
        #expect(manifest.subdomain == "mail")
        #expect(manifest.extraSubdomains == ["webmail"])
        #expect(manifest.backend == "cell-rainloop:8888")
        #expect(manifest.extraBackends == ["autoconfig": "cell-mail:8080"])
        #expect(manifest.containers.map(\.rawValue) == ["cell-mail", "cell-rainloop"])
        #expect(manifest.configSchema.fields.map(\.key) == ["domain", "message_size_mb", "spam_filter"])
        check(manifest.configSchema["domain"], .string, "Mail domain", required: true)
        check(
            manifest.configSchema["message_size_mb"], .integer, "Largest message in megabytes", .integer(25), 1, 200)
        check(manifest.configSchema["spam_filter"], .boolean, "Filter spam", .boolean(true))
        #expect(
            manifest.peerConfigTemplate == [
                "imap_host": "mail.{domain}", "imap_port": "993", "smtp_host": "mail.{domain}", "smtp_port": "587",
                "username": "{peer.username}@{config.domain}",
                "password": "{peer.service_credentials.email.password}",
            ])
        check(manifest.accounts, "email_manager")
        check(
            manifest.backup,
            [
                "cell-mail:/var/mail:maildata", "cell-mail:/tmp/docker-mailserver:mailconfig",
                "cell-rainloop:/rainloop/data:rainloop",
            ], ["config/mail"])
        #expect(manifest.egress?.default == .default)
        #expect(manifest.egress?.allowed == [.default, .wireguardExternal, .openvpn, .tor])
        #expect(manifest.storage?.primaryPath == "data/mail")
        #expect(manifest.storage?.quotaMB == nil)
        #expect(manifest.image == "git.pic.ngo/roof/pic-mail:latest")
        #expect(manifest.containerName.rawValue == "cell-mail")
        check(manifest.volumes, ["mail-data:/var/mail"])
        #expect(manifest.env.map(\.key) == ["ENABLE_IMAP"])
        #expect(manifest.env.map(\.value) == ["1"])
        check(manifest.iptablesRules, [25, 587, 993])
        #expect(manifest.caddyRoute?.subdomain == "mail")
    }

    @Test("files: every field")
    func files() throws {
        let manifest = try Fixture.manifest("files")
        #expect(manifest.schemaVersion == 3)
        #expect(manifest.id.rawValue == "files")
        #expect(manifest.name == "Files")
        #expect(manifest.description == "WebDAV file storage with a web file manager.")
        #expect(manifest.version == "1.0.0")
        #expect(manifest.author == "pic")
        #expect(manifest.kind == .store)
        #expect(manifest.minPICVersion == "1.0")
        check(manifest.capabilities, [true, true, false, true, true, false])
        #expect(manifest.subdomain == "files")
        #expect(manifest.extraSubdomains.isEmpty)
        #expect(manifest.backend == "cell-filegator:8080")
        #expect(manifest.extraBackends == ["webdav": "cell-webdav:80"])
        #expect(manifest.containers.map(\.rawValue) == ["cell-filegator", "cell-webdav"])
        #expect(manifest.configSchema.fields.isEmpty)
        #expect(
            manifest.peerConfigTemplate == [
                "url": "https://files.{domain}/dav/{peer.username}/", "username": "{peer.username}",
                "password": "{peer.service_credentials.files.password}",
            ])
        check(manifest.accounts, "file_manager")
        check(
            manifest.backup,
            ["cell-webdav:/var/lib/dav:dav", "cell-filegator:/var/www/filegator/private:filegator"], ["config/files"])
        #expect(manifest.egress?.default == .default)
        #expect(manifest.egress?.allowed == [.default, .wireguardExternal, .openvpn])
        #expect(manifest.storage?.primaryPath == "data/files")
        #expect(manifest.storage?.quotaMB == nil)
        #expect(manifest.image == "git.pic.ngo/roof/pic-files:latest")
        #expect(manifest.containerName.rawValue == "cell-filegator")
        check(manifest.volumes, ["files-data:/var/lib/dav"])
        #expect(manifest.env.map(\.key) == ["AUTH_TYPE"])
        #expect(manifest.env.map(\.value) == ["Basic"])
        check(manifest.iptablesRules, [8080])
        #expect(manifest.caddyRoute?.subdomain == "files")
    }

    @Test("homepage: every field, and what is absent")
    func homepage() throws {
        let manifest = try Fixture.manifest("homepage")
        #expect(manifest.schemaVersion == 3)
        #expect(manifest.id.rawValue == "homepage")
        #expect(manifest.name == "Homepage")
        #expect(manifest.description == "A static homepage served from your cell.")
        #expect(manifest.version == "1.0.0")
        #expect(manifest.author == "pic")
        #expect(manifest.kind == .store)
        #expect(manifest.minPICVersion == "1.0")
        check(manifest.capabilities, [true, false, false, false, false, false])
        #expect(manifest.subdomain == "home")
        #expect(manifest.extraSubdomains.isEmpty)
        #expect(manifest.backend == "cell-homepage:80")
        #expect(manifest.extraBackends.isEmpty)
        #expect(manifest.containers.map(\.rawValue) == ["cell-homepage"])
        #expect(manifest.configSchema.fields.isEmpty)
        #expect(manifest.peerConfigTemplate == nil)
        #expect(manifest.accounts == nil)
        #expect(manifest.backup == nil)
        #expect(manifest.egress == nil)
        #expect(manifest.storage == nil)
        #expect(manifest.image == "git.pic.ngo/roof/pic-homepage:latest")
        #expect(manifest.containerName.rawValue == "cell-homepage")
        check(manifest.volumes, ["homepage-html:/usr/share/nginx/html"])
        #expect(manifest.env.isEmpty)
        check(manifest.iptablesRules, [80])
        #expect(manifest.caddyRoute?.subdomain == "home")
    }

    @Test("notes: every field")
    func notes() throws {
        let manifest = try Fixture.manifest("notes")
        #expect(manifest.schemaVersion == 3)
        #expect(manifest.id.rawValue == "notes")
        #expect(manifest.name == "Notes")
        #expect(manifest.description == "Self-hosted Markdown notes with full-text search.")
        #expect(manifest.version == "1.0.0")
        #expect(manifest.author == "pic")
        #expect(manifest.kind == .store)
        #expect(manifest.minPICVersion == "1.0")
        check(manifest.capabilities, [true, true, true, true, true, false])
        #expect(manifest.subdomain == "notes")
        #expect(manifest.extraSubdomains.isEmpty)
        #expect(manifest.backend == "cell-notes:8080")
        #expect(manifest.extraBackends.isEmpty)
        #expect(manifest.containers.map(\.rawValue) == ["cell-notes"])
        #expect(manifest.configSchema.fields.map(\.key) == ["port", "storage_path"])
        check(manifest.configSchema["port"], .integer, "Internal HTTP port", .integer(8080), 1, 65535)
        check(
            manifest.configSchema["storage_path"], .string, "Data directory inside container", .string("/data/notes"))
        #expect(
            manifest.peerConfigTemplate == [
                "url": "https://notes.{domain}/", "username": "{peer.username}",
                "password": "{peer.service_credentials.notes.password}",
            ])
        check(manifest.accounts, "http")
        check(manifest.backup, ["cell-notes:/data/notes:notes_data"], ["config/notes"])
        #expect(manifest.egress?.default == .default)
        #expect(manifest.egress?.allowed == [.default, .wireguardExternal, .openvpn, .tor])
        #expect(manifest.storage?.primaryPath == "data/notes")
        #expect(manifest.storage?.quotaMB == nil)
        #expect(manifest.image == "git.pic.ngo/roof/pic-notes:latest")
        #expect(manifest.containerName.rawValue == "cell-notes")
        check(manifest.volumes, ["notes-data:/data/notes"])
        #expect(manifest.env.isEmpty)
        check(manifest.iptablesRules, [8080])
        #expect(manifest.caddyRoute?.subdomain == "notes")
    }
}
