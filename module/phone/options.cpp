// SPDX-License-Identifier: MIT
#include "module/phone/options.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/ranges.h>

namespace phone {

namespace {

namespace po = boost::program_options;
using base::Errc;
using base::Result;
using base::Status;

constexpr std::uint16_t group_port = 5060;

po::options_description table() {
    const auto text = [](const char* shown) { return po::value<std::string>()->value_name(shown); };
    po::options_description table("Options", 100, 60);
    auto add = table.add_options();
    add("vendor", text("NAME"), "whose phone to play: htek, openstage, panasonic");
    add("mac", text("MAC"), "the phone's address: the PBX knows a phone by nothing else");
    add("interface", text("NAME"),
        "where it is plugged in; without it the interface the group is reached by");
    add("address", text("ADDRESS"),
        "its own address, where the interface has several (any of 127/8 on lo)");
    add("group", text("ADDR[:PORT]"),
        "whom it asks, default 224.0.1.75:5060; a unicast address works too");
    add("model", text("NAME"),
        "model it tells, default UC924, OpenStage 40 or KX-UT670: profiles may differ by model");
    add("version,firmware", text("TEXT"),
        "firmware it runs and tells, default 2.0.4.2, V3 R5.12.0 or 01.070, for the same reason; "
        "an openstage up to V2 R1 attaches no local changes, up to V3 R2 knows no send-solicited");
    add("option66", text("HOST"), "panasonic: the TFTP server of DHCP option 66, name or address");
    add("dls", text("HOST[:PORT]"),
        "openstage: the provisioning service, as DHCP would tell it; port 18443");
    add("option43", text("HEX"), "openstage: the bytes of DHCP option 43 instead of --dls");
    add("contact-port", text("PORT"),
        "openstage: port of its contact-me listener, default 8085; 0 takes any");
    add("max-items", text("N"), "openstage: most items of one message either way, default any");
    add("chunk", text("BYTES"), "openstage: split what it says at this size, default 50000");
    add("fragile", "openstage: two contact-me within a second end its web server, as in the field");
    add("commands",
        "openstage, with --stay: read what somebody does at the phone from standard input, one a "
        "line: change NAME[/INDEX] VALUE, busy, idle, inventory, restart");
    add("minute", text("TIME"),
        "openstage, panasonic: how long a minute of its intervals lasts, default 60s");
    add("bad-line", text("file|line"),
        "panasonic: what a wrong line of a file costs, the whole file (default) or itself");
    add("local-port", text("PORT"),
        "port it asks from, default the vendor's (htek 60000); 0 takes any");
    add("register", "register every active account the delivered file describes");
    add("sip-port", text("PORT"),
        "port of line 1 (line 2: 100 more ...) instead of the file's; 0 takes any");
    add("wait", text("TIME"),
        "patience for the NOTIFY after each SUBSCRIBE it sends, default 30s; a held phone may get "
        "it minutes later; openstage: for each answer of the service");
    add("stay", po::value<std::string>()->implicit_value("")->value_name("[TIME]"),
        "stay up, keep registered, obey check-sync and resync, until TIME or a signal");
    add("call", text("NUMBER"),
        "register, then call this number from the first registered line, and speak (a tone)");
    add("answer", "register, and answer calls while it stays up; without it they get 486");
    add("talk", text("TIME"),
        "hang up after this time, default 2s for --call; a called phone leaves it to the caller");
    add("ring", text("TIME"), "how long it rings before it answers, default 200ms");
    add("unregister", "take the registrations back when it ends");
    add("state", text("DIR"),
        "keep its flash there: the next run is a power cycle, not a new phone");
    add("max-restarts", text("N"), "restarts in a row before it is called a boot loop, default 3");
    add("read-all", "ask for the rest of the chain after a file was accepted, too");
    add("ca", text("FILE"), "trust only servers with a certificate of this CA (PEM)");
    add("phones", text("N"),
        "play N phones at once, with MACs counted up from --mac, and addresses from --address if "
        "that is given; the report is their sum");
    add("storm", text("N"),
        "htek: N phones that only ask for their URL, in one thread, with MACs and addresses "
        "counted up from --mac and --address; these have to be local addresses");
    add("rate", text("N"), "with --storm: plug in so many a second instead of all at once");
    add("json", "one JSON object on standard output at the end; the trace goes to standard error");
    add("help", "this text");
    return table;
}

Result<std::uint16_t> port_of(const std::string& option, const std::string& value) {
    const auto port = base::parse_number(value);
    if (!port || *port > 65535) {
        return base::fail(Errc::malformed, "--{} {}: a port is a number from 0 to 65535", option,
                          base::printable(value));
    }
    return static_cast<std::uint16_t>(*port);
}

Result<base::Endpoint> group_of(const std::string& value) {
    if (const auto whole = base::Endpoint::parse(value)) {
        return *whole;
    }
    if (const auto address = base::Ipv4::parse(value)) {
        return base::Endpoint{*address, group_port};
    }
    return base::fail(Errc::malformed, "--group {}: expected an address like 224.0.1.75:5060",
                      base::printable(value));
}

/// It stands in headers between blanks and quotes.
Result<std::string> word_of(const std::string& option, const std::string& value) {
    const bool plain =
        value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789.-_+") == std::string::npos;
    if (value.empty() || !plain) {
        return base::fail(Errc::malformed, "--{} {}: letters, digits and . - _ + only", option,
                          base::printable(value));
    }
    return value;
}

/// The same with blanks in it: "OpenStage 40", "V3 R5.12.0".
Result<std::string> words_of(const std::string& option, const std::string& value) {
    auto joined = value;
    std::replace(joined.begin(), joined.end(), ' ', '_');
    auto checked = word_of(option, joined);
    return checked ? Result<std::string>(value) : checked;
}

Result<std::uint64_t> count_of(const std::string& option,
                               const std::string& value,
                               std::uint64_t low,
                               std::uint64_t high) {
    const auto number = base::parse_number(value);
    if (!number || *number < low || *number > high) {
        return base::fail(Errc::malformed, "--{} {}: a number from {} to {}", option,
                          base::printable(value), low, high);
    }
    return *number;
}

/// Guide §2.4.2.2: an address or a host name of at most 64 bytes; no URL.
Result<std::string> option66_of(const std::string& value) {
    auto host = word_of("option66", value);
    if (host && host->size() > 64) {
        return base::fail(Errc::malformed, "--option66: a host name has 64 bytes at most, not {}",
                          host->size());
    }
    return host;
}

Result<BadLine> bad_line_of(const std::string& value) {
    if (value != "file" && value != "line") {
        return base::fail(Errc::malformed, "--bad-line {}: file or line", base::printable(value));
    }
    return value == "file" ? BadLine::refuses_file : BadLine::is_left_out;
}

Result<std::chrono::milliseconds> minute_of(const std::string& value) {
    auto minute = base::parse_duration(value);
    if (minute && minute->count() == 0) {
        return base::fail(Errc::malformed, "--minute {}: longer than nothing", value);
    }
    return minute;
}

/// What a phone has keys for, and names.
Result<std::string> dialled(const std::string& value) {
    const bool plain =
        value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789.-_+*#") == std::string::npos;
    if (value.empty() || !plain) {
        return base::fail(Errc::malformed, "--call {}: digits, letters and . - _ + * # only",
                          base::printable(value));
    }
    return value;
}

/// Reads the given values one by one; remembers the first error.
class OptionReader {
  public:
    explicit OptionReader(const po::variables_map& given) : given_(given) {}

    bool has(const char* option) const { return given_.count(option) != 0; }

    std::string text(const char* option) const {
        return has(option) ? given_[option].as<std::string>() : std::string();
    }

    template <class Parse, class Target>
    void take(const char* option, Parse parse, Target& target) {
        if (error_ || !has(option)) {
            return;
        }
        if (auto value = parse(text(option))) {
            target = std::move(*value);
        } else {
            error_ = std::move(value.error());
        }
    }

    const std::optional<base::Error>& error() const noexcept { return error_; }

  private:
    const po::variables_map& given_;
    std::optional<base::Error> error_;
};

/// What an openstage alone has.
void read_workpoint(OptionReader& reader, Settings& settings) {
    settings.is_fragile = reader.has("fragile");
    settings.commands_fd = reader.has("commands") ? 0 : -1;
    reader.take(
        "option43",
        [](const std::string& value) -> Result<std::optional<Service>> {
            auto option = read_option43(value);
            return option ? Result<std::optional<Service>>(std::move(option->service))
                          : tl::unexpected(option.error());
        },
        settings.service);
    reader.take("dls", read_service, settings.service);
    reader.take(
        "contact-port", [](const std::string& value) { return port_of("contact-port", value); },
        settings.contact_port);
    reader.take(
        "max-items",
        [](const std::string& value) -> Result<int> {
            const auto count = count_of("max-items", value, 1, 100'000);
            return count ? Result<int>(static_cast<int>(*count)) : tl::unexpected(count.error());
        },
        settings.wpi.max_items);
    reader.take(
        "chunk",
        [](const std::string& value) -> Result<std::size_t> {
            return count_of("chunk", value, 100, 1'000'000);
        },
        settings.wpi.chunk);
    // Its way to the service, not to the multicast group, says where it is plugged in.
    const auto address =
        settings.service ? base::Ipv4::parse(settings.service->host) : std::nullopt;
    if (settings.vendor->is_workpoint && address) {
        settings.group = {*address, settings.service->port};
    }
}

Status judge(const po::variables_map& given, const Options& options) {
    const auto& settings = options.settings;
    const auto& vendor = *settings.vendor;
    if (vendor.provisioning == nullptr && !settings.option66.empty()) {
        return base::fail(Errc::malformed, "--option66 is for a phone that asks DHCP: panasonic");
    }
    for (const auto* option :
         {"dls", "option43", "contact-port", "max-items", "chunk", "fragile", "commands"}) {
        if (!vendor.is_workpoint && given.count(option) != 0) {
            return base::fail(Errc::malformed, "--{} is for openstage", option);
        }
    }
    if (given.count("dls") != 0 && given.count("option43") != 0) {
        return base::fail(Errc::malformed, "--dls and --option43 say the same: give one");
    }
    if (vendor.is_workpoint) {
        if (auto known = abilities_of(settings.identity.version); !known) {
            return tl::unexpected(known.error());
        }
    }
    if (settings.commands_fd >= 0 && (!settings.stays || options.phones > 1)) {
        return base::fail(Errc::malformed, "--commands needs --stay, and one phone");
    }
    if (options.storms && (vendor.subscribe == nullptr || !settings.address ||
                           settings.interface.empty() || given.count("phones") != 0)) {
        return base::fail(Errc::malformed, "--storm is for htek, needs --interface and --address, "
                                           "and counts its phones itself: without --phones");
    }
    if (options.per_second > 0 && !options.storms) {
        return base::fail(Errc::malformed, "--rate is for --storm");
    }
    if (settings.answers && !settings.stays) {
        return base::fail(Errc::malformed, "--answer needs --stay: who leaves is not called");
    }
    return {};
}

Result<Options> read(const po::variables_map& given) {
    OptionReader reader(given);
    Options options;
    auto& settings = options.settings;
    options.help = reader.has("help");
    options.json = reader.has("json");
    if (options.help) {
        return options;
    }
    settings.vendor = find_vendor(reader.text("vendor"));
    if (settings.vendor == nullptr) {
        return base::fail(Errc::malformed, "--vendor is needed, and known are: {}",
                          fmt::join(vendor_names(), ", "));
    }
    const auto mac = base::Mac::parse(reader.text("mac"));
    if (!mac) {
        return base::fail(Errc::malformed, "--mac is needed, like 00:1f:c1:00:00:01");
    }
    settings.identity = {*mac, std::string(settings.vendor->model),
                         std::string(settings.vendor->version)};
    settings.interface = reader.text("interface");
    settings.state_dir = reader.text("state");
    settings.ca_file = reader.text("ca");
    settings.answers = reader.has("answer");
    settings.unregisters = reader.has("unregister");
    settings.registers = reader.has("register") || reader.has("call") || settings.answers;
    settings.read_all = reader.has("read-all");
    settings.stays = reader.has("stay");

    const auto port = [](const char* option) {
        return [option](const std::string& value) { return port_of(option, value); };
    };
    const auto word = [&settings](const char* option) {
        return [option, blanks = settings.vendor->is_workpoint](const std::string& value) {
            return blanks ? words_of(option, value) : word_of(option, value);
        };
    };
    const auto duration = [](const std::string& value) { return base::parse_duration(value); };
    reader.take("group", group_of, settings.group);
    reader.take("local-port", port("local-port"), settings.local_port);
    reader.take("sip-port", port("sip-port"), settings.sip_port);
    reader.take("model", word("model"), settings.identity.model);
    reader.take("version", word("version"), settings.identity.version);
    reader.take("wait", duration, settings.wait);
    reader.take("option66", option66_of, settings.option66);
    reader.take("bad-line", bad_line_of, settings.bad_line);
    reader.take("minute", minute_of, settings.minute);
    reader.take("call", dialled, settings.number);
    reader.take("talk", duration, settings.talk);
    reader.take("ring", duration, settings.ring);
    if (!reader.text("stay").empty()) {
        reader.take("stay", duration, settings.stay_for);
    }
    reader.take(
        "address",
        [](const std::string& value) -> Result<base::Ipv4> {
            if (const auto address = base::Ipv4::parse(value)) {
                return *address;
            }
            return base::fail(Errc::malformed, "--address {}: expected an IPv4 address",
                              base::printable(value));
        },
        settings.address);
    reader.take(
        "max-restarts",
        [](const std::string& value) -> Result<int> {
            const auto number = base::parse_number(value);
            if (!number || *number > 1000) {
                return base::fail(Errc::malformed, "--max-restarts {}: a number up to 1000",
                                  base::printable(value));
            }
            return static_cast<int>(*number);
        },
        settings.max_restarts);
    read_workpoint(reader, settings);
    options.storms = reader.has("storm");
    const auto crowd = [&reader](const char* option, std::uint64_t most, int& target) {
        reader.take(
            option,
            [option, most](const std::string& value) -> Result<int> {
                const auto count = count_of(option, value, 1, most);
                return count ? Result<int>(static_cast<int>(*count))
                             : tl::unexpected(count.error());
            },
            target);
    };
    crowd("phones", 20'000, options.phones);
    crowd("storm", 100'000, options.phones);
    crowd("rate", 1'000'000, options.per_second);
    if (reader.error()) {
        return tl::unexpected(*reader.error());
    }
    if (auto fits = judge(given, options); !fits) {
        return tl::unexpected(fits.error());
    }
    return options;
}

} // namespace

Result<Options> parse_options(int count, const char* const* words) {
    try {
        const auto known = table();
        po::variables_map given;
        const auto style =
            po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(count, words)
                      .options(known)
                      .positional(po::positional_options_description())
                      .style(style)
                      .run(),
                  given);
        return read(given);
    } catch (const po::error& error) {
        return base::fail(Errc::malformed, "{}", error.what());
    }
}

std::string help_text() {
    std::ostringstream text;
    text << "pnp-phone " PNP_VERSION
            ": a simulated desk phone, to try a configuration without a desk\n\n"
            "  pnp-phone --vendor htek --mac 00:1f:c1:00:00:01 --interface eth0 --register\n\n"
            "It asks by multicast, or by TFTP or HTTPS as DHCP said, where its configuration is, "
            "fetches it, restarts\n"
            "as the real phone would, registers and calls if told to, and says how far it came.\n\n"
         << table()
         << "\nExit status\n"
            "  0  configured, and registered if asked to\n"
            "  2  the command line is wrong\n"
            "  3  nobody answered the SUBSCRIBE with 200; openstage: no provisioning service "
            "answered\n"
            "  4  answered, but no NOTIFY with a URL or no file came: the PBX holds the phone\n"
            "  5  no file of the chain was accepted; openstage: the service said what no service "
            "may\n"
            "  6  not registered\n"
            "  7  boot loop: each start delivered another configuration\n"
            "  8  a problem on this machine: port taken, no such interface, nothing to write to\n"
            "  9  a call did not come about: refused, or nobody answered\n"
            " 10  a call stood, but no RTP came\n"
            " 11  the server has no certificate of the CA that --ca names\n";
    return text.str();
}

} // namespace phone
