// SPDX-License-Identifier: MIT
// What the administrator says about phones: values per vendor, model or network, from pnp.conf.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/secret.hpp"
#include "provisioning/profile/keys.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

/// How the NOTIFY is written (sip-pnp: standard RFC 6665 form, or the echo form of older
/// responders).
enum class Dialect : std::uint8_t { standard, echo };

/// Where a phone's token stands: in the path of its URL, or before the @, with its MAC as the user.
enum class Credential : std::uint8_t { path, userinfo };

/// Extensions from `first` to `last`, which are digits of one length.
struct Numbers {
    std::string first;
    std::string last;

    bool contain(std::string_view number) const noexcept {
        return number.size() == first.size() && number >= first && number <= last;
    }
};

/// One `[profile NAME]` section: what it matches, and what it sets. An empty matcher matches all.
struct Rule {
    std::string name;
    std::string vendor; ///< as in conf/vendors, such as "htek"
    std::string model;  ///< as the phone writes it, case-insensitive; a trailing * matches any rest
    std::optional<base::Network> network;
    std::optional<Numbers> extension; ///< on the first line; unless empty, only as `holds_for_one`

    std::optional<base::Secret>
        offer_url; ///< literal with {mac} {MAC} {model} {host}; may hold a password
    std::optional<Dialect> dialect;
    std::optional<Credential> credential;
    std::optional<std::string> scheme; ///< of our own URLs: http or https
    std::optional<std::string>
        sip_server; ///< host[:port]; {host} = our address that the phone reached
    std::optional<std::string> sip_transport; ///< udp, tcp or tls
    std::optional<std::chrono::milliseconds> register_expires;
    std::optional<std::string> ntp_server;     ///< {host} as above; "none" sends no NTP server
    std::optional<std::string> time_zone;      ///< IANA name, or the vendor's own index
    std::optional<std::string> pnp_after;      ///< keep or off
    std::optional<std::string> dial_plan;      ///< as the vendor writes it
    std::optional<std::string> dial_unmatched; ///< call or block
    std::optional<std::string> digit_map;      ///< none, from-pbx or factory
    std::optional<std::vector<Key>> keys;
    std::optional<std::string> voicemail;    ///< what dials the mailbox
    std::optional<std::string> pickup;       ///< what stands before a number to pick its call up
    std::optional<std::string> group_pickup; ///< what picks up a call of the group
    std::optional<std::string>
        spelling; ///< of keys, where the vendor has several (Htek: p-code, named)
    std::optional<std::string> context;   ///< of the PBX: where calls of the phone start
    std::optional<std::string> codecs;    ///< "g722,alaw,ulaw", the preferred one first
    std::optional<std::string> transport; ///< of the PBX, by name
};

/// What holds for one phone once the rules were read from the first to the last: the first that
/// matches and sets a value wins.
struct Site {
    std::optional<base::Secret> offer_url;
    std::optional<Dialect> dialect;       ///< else the vendor's own
    std::optional<Credential> credential; ///< else the vendor's own
    std::string scheme;                   ///< of our own URLs; empty: the vendor's own
    std::string sip_server = "{host}";    ///< without a port: 5060, or 5061 with tls
    std::string sip_transport = "udp";
    std::chrono::milliseconds register_expires = std::chrono::minutes(15);
    std::string ntp_server = "{host}";
    std::string time_zone;             ///< empty: the machine's own
    bool time_zone_is_vendors = false; ///< its rule names the vendor, so it may be any index
    std::string pnp_after = "keep";
    std::string dial_plan;               ///< empty: any number is called
    std::string dial_unmatched = "call"; ///< what happens to a number that fits no plan
    std::string digit_map = "none";      ///< whence one comes where dial_plan is empty
    std::vector<Key> keys;               ///< empty: those that the phone has
    std::string voicemail;               ///< empty: there is none; so with the next two
    std::string pickup;
    std::string group_pickup;
    std::string spelling; ///< empty: by model
    std::string context;  ///< empty: where our extensions are
    std::string codecs = "g722,alaw,ulaw";
    std::string transport; ///< empty: as the PBX chooses
};

/// Whether a rule's `model` takes this one: the same but for case; an empty one takes all, a * at
/// the end any rest.
bool takes_model(std::string_view pattern, std::string_view model);

/// Whether all that a rule sets may hold for some extensions alone: what is known of a phone before
/// anybody gave it one, such as its URL, may not.
bool holds_for_one(const Rule& rule) noexcept;

/// Rules by their order in the file. `extension` is on the phone's first line; empty: none, or it
/// makes no difference.
Site site_for(const std::vector<Rule>& rules,
              std::string_view vendor,
              std::string_view model,
              base::Ipv4 phone,
              std::string_view extension = {});

} // namespace profile
