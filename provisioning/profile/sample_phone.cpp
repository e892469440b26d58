// SPDX-License-Identifier: MIT
// The phones that templates are tried on.
#include "provisioning/profile/sample_phone.hpp"

#include <fmt/format.h>

namespace profile {
namespace {

/// What is awkward in XML cannot stand in a KX file at all: values with a " are refused there, and
/// most settings take plain ASCII only.
struct Awkward {
    std::string_view text;
    std::string_view name;
    std::string_view password;
};

Awkward awkward_in(Format format) {
    return format == Format::kx ? Awkward{"", "J\xC3\xBCrgen & \xE4\xBD\xA0", "s3cret#%{{x}}"}
                                : Awkward{"<&\">'", "J\xC3\xBCrgen <&\">' \xE4\xBD\xA0",
                                          "s3cr3t<&\">'\xC3\x9F{{x}}]]>"};
}

} // namespace

Facts sample_phone(const Vendor& vendor,
                   std::size_t lines,
                   std::string_view transport,
                   bool everything) {
    const ChainStep* step = vendor.served_step();
    const auto awkward = awkward_in(step == nullptr ? Format::xml : step->format);
    Facts facts;
    facts.mac = base::Mac({0x00, 0x1f, 0xc1, 0x00, 0x00, 0x01});
    facts.model = fmt::format("UC{}9", awkward.text);
    facts.firmware = fmt::format("2.0{}", awkward.text);
    facts.host = base::Ipv4{0xC0'00'02'0A}; // 192.0.2.10, RFC 5737
    facts.provisioning_url = everything
                                 ? fmt::format("https://192.0.2.10:5481/p/a{}b/", awkward.text)
                                 : "http://192.0.2.10:5480/p/ab/";
    facts.url_user = everything ? facts.mac.str() : "";
    facts.url_password = everything ? fmt::format("a{}b", awkward.text) : "";
    facts.site.sip_transport = transport;
    facts.site.ntp_server = everything ? "{host}" : "none";
    facts.site.time_zone = "Nowhere/At_all";
    if (everything && !vendor.time_zones.empty()) {
        facts.site.time_zone = vendor.time_zones.begin()->first;
    }
    facts.site.pnp_after = everything ? "keep" : "off";
    facts.site.dial_plan = everything ? "1xx" : "";
    facts.site.dial_unmatched = everything ? "block" : "call";
    if (everything) {
        facts.site.keys = {
            {Key::Kind::line, "1", ""},         {Key::Kind::blf, "202", "J\xC3\xBCrgen"},
            {Key::Kind::dial, "00123", "Taxi"}, {Key::Kind::headset, "", ""},
            {Key::Kind::pickup, "203", ""},     {Key::Kind::group_pickup, "", "Group"},
            {Key::Kind::voicemail, "", ""}};
        facts.site.voicemail = "97";
        facts.site.pickup = "77";
        facts.site.group_pickup = "78";
    }
    if (everything) {
        facts.service.poll_url = fmt::format("http://192.0.2.10:18080/a{}b/", awkward.text);
    }
    for (std::size_t i = 0; i < lines; ++i) {
        facts.accounts.push_back(
            {std::to_string(201 + i), std::string(awkward.name), base::Secret(awkward.password)});
        if (everything && i % 2 == 1) {
            facts.accounts.back().digit_map = "1xx";
        }
    }
    return facts;
}

} // namespace profile
