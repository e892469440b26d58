// SPDX-License-Identifier: MIT
// All vendors and their templates: shipped ones, shadowed by the site's; checked before they are
// used.
#pragma once

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"
#include "provisioning/profile/firmware.hpp"
#include "provisioning/profile/site.hpp"
#include "provisioning/profile/vendor.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

/// What a phone says of itself, wherever it says it; empty where it does not.
struct Signature {
    base::Mac mac;
    std::string_view event_vendor;
    std::string_view user_agent;
};

struct Account {
    std::string number;
    std::string name; ///< display name; the number where there is none
    base::Secret password;
    std::string user = {};    ///< for authentication; the number where there is none
    std::string context = {}; ///< of the PBX's dial plan, where its calls start; may be unknown
    /// How its numbers are dialled, as the vendor writes it, in place of the site's dial_plan.
    std::optional<std::string> digit_map = {};
};

/// What a phone of the Workpoint Interface is told of us, besides our address.
struct Service {
    std::uint16_t port = 18443; ///< for its messages
    std::string poll_url;       ///< what it asks whether there is work for it; empty: it asks not
    std::chrono::minutes poll_interval{5};
};

/// All that a file is made of: equal facts give byte-identical files.
struct Facts {
    base::Mac mac;
    std::string model;
    std::string firmware;
    base::Ipv4 host;               ///< our address on the phone's network
    std::string provisioning_url;  ///< the steady one
    std::string url_user;          ///< with Credential::userinfo: who logs in there, else empty
    std::string url_password;      ///< and with what
    std::vector<Account> accounts; ///< line 1 first
    Site site;
    std::optional<FirmwareOffer> firmware_offer = {}; ///< none: this phone fetches no firmware now
    Service service = {};
};

/// A file, and its SHA-256.
struct Made {
    std::string text;
    base::Digest256 digest{};
};

class Catalogue {
  public:
    /// Reads the shipped vendors (built in) and the site's from `site_folder` (may be empty or
    /// missing): <site_folder>/<vendor>/profile.conf and *.mustache. Every template is checked by
    /// the guard, rendered with a sample phone and its result checked by the format's checker;
    /// errors read "FILE:LINE:COLUMN: …".
    static base::Result<std::shared_ptr<const Catalogue>> load(const std::string& site_folder);
    ~Catalogue();
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;

    /// Event vendor (unless OEM), then User-Agent, then the address prefix; nullptr when unknown.
    const Vendor* recognise(const Signature& phone) const;
    const Vendor* named(std::string_view vendor) const;
    std::vector<const Vendor*> vendors() const;

    /// The file of one step; never a half one, and none of a phone whose files are too large
    /// together. Errors: what the checker says of the result, and which extension is the reason.
    base::Result<std::string>
    render(const Vendor& vendor, const ChainStep& step, const Facts& facts) const;

    /// The same where it was made before and is kept; nothing is made.
    std::optional<Made> kept(const Vendor& vendor, const ChainStep& step, const Facts& facts) const;

    /// All files that are served to one phone, each template once, from weak to strong. The error
    /// is that of the first bad one, or that they are too large together.
    base::Result<std::vector<std::string>> render_chain(const Vendor& vendor,
                                                        const Facts& facts) const;

    /// What a phone of the Workpoint Interface should have, as its vendor's step of format `items`
    /// says; errors as those of render(). Refused for phones that fetch files.
    base::Result<std::vector<wpi::Item>> render_items(const Vendor& vendor,
                                                      const Facts& facts) const;

    /// The file for a phone without a URL of its own, and that for a guest: made of facts without
    /// accounts, and looked at by a guard that knows no name of an account. Nothing where the
    /// vendor has no such template.
    base::Result<std::string> render_boot(const Vendor& vendor, const Facts& facts) const;
    base::Result<std::string> render_guest(const Vendor& vendor, const Facts& facts) const;

  private:
    base::Result<std::string>
    render(const Vendor& vendor, const ChainStep& step, const Facts& facts, bool is_bare) const;

    Catalogue();

    struct State;
    std::unique_ptr<State> state_;
};

/// Model, firmware and MAC as a User-Agent names them: "Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9".
struct UserAgent {
    std::string model;
    std::string version;
    std::optional<base::Mac> mac;
};

UserAgent read_user_agent(std::string_view text);

} // namespace profile
