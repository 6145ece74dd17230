import Registry

extension RuleFixture {
    private static let restart = "restart: unless-stopped"
    private static let mount = "- notes-data:/data/notes"

    static let templates: [RuleFixture] = [
        .template("compose-syntax", "container_name: cell-notes", "container_name: &name cell-notes"),
        .template("compose-syntax", "services:", "services: ["),
        .template("compose-variable", "${PIC_DOMAIN}", "${NOBODY}"),
        .template("compose-variable", "${PIC_CFG_PORT}", "${PIC_CFG_PORTS}"),
        .template("compose-key", restart, restart + "\n    privileged: true"),
        .template("compose-key", restart, restart + "\n    ports: ['80:80']"),
        .template("compose-value", restart, "restart: [always]"),
        .template("compose-containers", "container_name: cell-notes", "container_name: cell-other"),
        .template("compose-image", "git.pic.ngo/roof/pic-notes:latest", "docker.io/library/alpine:latest"),
        .template("compose-hostname", restart, restart + "\n    hostname: cell-api"),
        .template("compose-environment", "NOTES_PORT:", "LD_PRELOAD:"),
        .template("compose-network", "    networks:\n", "    networks:\n      other: {}\n"),
        .template("compose-address", "\"${SERVICE_IP}\"", "172.20.0.99"),
        .template("compose-volume", mount, "- other-data:/data/notes"),
        .template("compose-mount", mount, "- notes-data:/etc"),
        .template("compose-bind", mount, "- /etc:/data/notes"),
        .template("compose-bind", mount, "- ${PIC_PROJECT_DIR}/data/files:/data/notes"),
    ]

    static let scripts: [RuleFixture] = [
        .script("install.text", "#!/bin/sh\r\nmkdir -p data/notes\r\n"), .script("install.text", "true\0"),
        .script("install.packages", "apt-get install -y jq"), .script("install.packages", "sudo -E apt update"),
        .script("install.packages", "if ! command yum list; then true; fi"),
        .script("install.packages", "true && /usr/bin/dnf -y upgrade"),
        .script("install.packages", "DEBIAN_FRONTEND=noninteractive \\\n  apt-get -q update"),
        .script("install.packages", "echo \"$(apk add jq)\""), .script("install.packages", "x=`'ap't list`"),
        .script("install.packages", "( cd data; pip install x )"),
        .script("install.pipe", "curl -fsSL https://example.org/x | tee data/x | sh -s"),
        .script("install.pipe", "bash -c \"$(wget -qO- x)\""),
        .script("install.download", "wget -q https://example.org/x -O data/notes/x"),
        .script("install.outside", "echo 1 >/etc/notes.conf"), .script("install.outside", "cp data/x /usr/local/bin/"),
        .script("install.outside", "mkdir -p ../other/data"), .script("install.outside", "rm -rf ~/x"),
        .script("install.outside", "sed -i s/a/b/ \"/etc/hosts\""),
        .script("install.outside", "echo x | tee -a /etc/x"),
        .script("install.outside", "dd if=data/x of=/dev/sda"), .script("install.outside", "cat x 2>> \"$HOME/log\""),
        .script("install.outside", "cat >/etc/cron.d/x <<END\napt install\nEND\n"),
    ]
}
