// SPDX-License-Identifier: MIT
// How one vendor's phones are fed: how to know them, what they ask for, which template answers.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/profile/site.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

/// What a file is, which decides how values are escaped and how the result is checked.
enum class Format : std::uint8_t {
    xml,
    text,
    kx, ///< NAME="value" of Panasonic's KX phones: written in the order of their list, and checked
    items, ///< an ItemList of the Workpoint Interface: no file, but what a phone is told by it
};

/// One file name of the chain, in the order in which the phone asks.
struct ChainStep {
    std::string pattern; ///< "cfg{mac}.xml"; {mac} 12 lower-case hex digits, {MAC} upper-case ones,
                         ///< {model}, {code} the device code
    std::string template_name; ///< empty: answered with 404 on purpose
    std::string place;         ///< FILE:LINE where the template is named
    Format format = Format::xml;
    std::string root;  ///< of an XML file: the name of its outermost element; empty: any
    std::string child; ///< of an XML file: the name of all elements in the root; empty: any
    std::string content_type = "application/xml";
    std::string reason; ///< why it is (not) served, for the timeline
};

/// Whether the templates can tell a phone to fetch firmware, and whether it does so by HTTPS.
enum class TakesFirmware : std::uint8_t { no, by_http, yes };

struct Vendor {
    std::string name;                             ///< "htek": the folder below conf/vendors
    std::string title;                            ///< "Htek"
    std::vector<std::string> event_vendors;       ///< Event's vendor parameter, case-insensitive
    std::vector<std::string> user_agent_prefixes; ///< of SIP and HTTP User-Agents
    std::vector<std::string> ouis;                ///< "001fc1"
    std::string default_model; ///< of a phone that does not say what it is; or none
    std::size_t max_lines = 1;
    std::size_t max_keys = 0;     ///< that a file can set; 0: none
    std::size_t longest_name = 0; ///< characters of a display name, the rest is cut; 0: any
    std::vector<std::string> sip_transports = {"udp", "tcp", "tls"};
    std::vector<ChainStep> chain;
    std::string folder_url = "http://{host}:{port}/p/{token}/"; ///< what the NOTIFY carries
    Credential credential = Credential::path;
    Dialect dialect = Dialect::standard;
    bool takes_late_notify = true;
    bool keeps_pnp_url = false; ///< such phones are offered the steady URL
    std::string boot_template;  ///< for entry without a token: no secrets, the steady URL; or none
    std::string guest_template; ///< for phones not approved: no secrets, asks again; or none
    bool reads_card = false; ///< a memory card's file, by hand: the one for entry without a token
    std::string tftp_file; ///< what a fresh phone asks a TFTP server for: the guest's file; or none
    std::chrono::minutes guest_interval{15}; ///< after which either of these asks again
    TakesFirmware firmware = TakesFirmware::no;
    std::uint16_t sip_port =
        5060;                 ///< where a phone listens for check-sync when no PBX knows better
    std::string resync_event; ///< "resync"
    std::string reboot_event; ///< "check-sync;reboot=true"
    std::map<std::string, std::string> device_codes; ///< model → code, such as UC924 → 0012
    std::string spelling;                            ///< of keys, by default; may be empty
    std::map<std::string, std::string> spellings;    ///< model → key spelling
    std::map<std::string, std::string> time_zones;   ///< IANA name → the vendor's value
    /// Name in templates → its value for line 1, 2, …: what a vendor numbers without a rule.
    std::map<std::string, std::vector<std::string>> line_columns;
    /// The same for key 1, 2, …
    std::map<std::string, std::vector<std::string>> key_columns;
    std::map<std::string, std::string> values; ///< further names in templates: what a site sets

    /// The step whose pattern gives `file` for this phone; nullptr when the name is outside the
    /// chain. {code} stands for the model's device code and for 0000; for a model without a known
    /// code it stands for any four digits. Items are no file, whatever their step is called.
    const ChainStep* step_for(std::string_view file, base::Mac mac, std::string_view model) const;
    /// The last step that is served: it says what the files of these phones look like.
    const ChainStep* served_step() const;
    /// The step of the Workpoint Interface; nullptr for phones that fetch files.
    const ChainStep* items_step() const;
    /// Whether a phone has all of its chain with this step, which may go by several names.
    bool is_last(const ChainStep& step) const;
    /// The chain's names as this phone would ask for them; none of items.
    std::vector<std::string> names_for(base::Mac mac, std::string_view model) const;
    /// The key spelling of a model; the site's own wish comes before it.
    std::string_view spelling_of(std::string_view model) const;
    /// Every spelling that is named, the default one first.
    std::vector<std::string_view> all_spellings() const;
};

} // namespace profile
