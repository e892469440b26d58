// SPDX-License-Identifier: MIT
// Writes down all that a file is made of, and finds the file by the digest of that.
#include "provisioning/profile/rendered.hpp"

#include <array>
#include <utility>

namespace profile {
namespace {

/// Each value with its length in front of it, so that no two lists of values give one text. A field
/// that somebody adds to one of these structs does not compile until it stands here, too.
class Written {
  public:
    explicit Written(std::string_view salt) : salt_(salt) {}

    const std::string& text() const noexcept { return text_; }

    void add(std::string_view value) {
        const std::uint64_t size = value.size();
        text_.append(reinterpret_cast<const char*>(&size), sizeof size);
        text_ += value;
    }

    /// As a digest: the text is not wiped.
    void add(const base::Secret& secret) {
        const base::Revealed value = secret.reveal();
        const auto digest = base::hmac_sha256(salt_, value);
        text_.append(digest.begin(), digest.end());
    }

    void add_number(std::int64_t value) {
        text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }

    template <class T, class Each> void add_some(const std::optional<T>& value, Each each) {
        add_number(value ? 1 : 0);
        if (value) {
            each(*value);
        }
    }

    void add(const ChainStep& step) {
        const auto& [pattern, template_name, place, format, root, child, content_type, reason] =
            step;
        for (const std::string* value :
             {&pattern, &template_name, &place, &root, &child, &content_type, &reason}) {
            add(*value);
        }
        add_number(static_cast<std::int64_t>(format));
    }

    void add(const Key& key) {
        const auto& [kind, number, label] = key;
        add_number(static_cast<std::int64_t>(kind));
        add(number);
        add(label);
    }

    void add(const Site& site) {
        const auto& [offer_url, dialect, credential, scheme, sip_server, sip_transport,
                     register_expires, ntp_server, time_zone, time_zone_is_vendors, pnp_after,
                     dial_plan, dial_unmatched, digit_map, keys, voicemail, pickup, group_pickup,
                     spelling, context, codecs, transport] = site;
        add_some(offer_url, [&](const base::Secret& value) { add(value); });
        add_some(dialect, [&](Dialect value) { add_number(static_cast<std::int64_t>(value)); });
        add_some(credential,
                 [&](Credential value) { add_number(static_cast<std::int64_t>(value)); });
        for (const std::string* value :
             {&scheme, &sip_server, &sip_transport, &ntp_server, &time_zone, &pnp_after, &dial_plan,
              &dial_unmatched, &digit_map, &voicemail, &pickup, &group_pickup, &spelling, &context,
              &codecs, &transport}) {
            add(*value);
        }
        add_number(register_expires.count());
        add_number(time_zone_is_vendors ? 1 : 0);
        add_number(static_cast<std::int64_t>(keys.size()));
        for (const Key& key : keys) {
            add(key);
        }
    }

    void add(const Account& account) {
        const auto& [number, name, password, user, context, digit_map] = account;
        add(number);
        add(name);
        add(password);
        add(user);
        add(context);
        add_some(digit_map, [&](const std::string& value) { add(value); });
    }

    void add(const Facts& facts) {
        const auto& [mac, model, firmware, host, provisioning_url, url_user, url_password, accounts,
                     site, firmware_offer, service] = facts;
        add(mac.str());
        add(model);
        add(firmware);
        add_number(host.value);
        add(provisioning_url);
        add(url_user);
        add(url_password);
        add_number(static_cast<std::int64_t>(accounts.size()));
        for (const Account& account : accounts) {
            add(account);
        }
        add(site);
        add_some(firmware_offer, [&](const FirmwareOffer& offer) {
            const auto& [version, file] = offer;
            add(version);
            add(file);
        });
        const auto& [port, poll_url, poll_interval] = service;
        add_number(port);
        add(poll_url);
        add_number(poll_interval.count());
    }

  private:
    std::string_view salt_;
    std::string text_;
};

} // namespace

Rendered::Rendered(std::size_t most_files, std::size_t most_bytes)
    : most_files_(most_files), most_bytes_(most_bytes) {
    std::array<std::uint8_t, 32> made{};
    (void)base::random_bytes(made); // zeros still tell files apart
    salt_.assign(made.begin(), made.end());
}

Rendered::Digest Rendered::key(std::string_view vendor,
                               const ChainStep& step,
                               const Facts& facts,
                               bool is_bare) const {
    Written all(salt_);
    all.add(vendor);
    all.add(step);
    all.add(facts);
    all.add_number(is_bare ? 1 : 0);
    return base::hmac_sha256(salt_, all.text());
}

std::optional<Made> Rendered::find(const Digest& key) {
    std::shared_ptr<const base::Secret> file;
    Digest digest{};
    {
        const std::lock_guard hold(lock_);
        const auto found = places_.find(key);
        if (found == places_.end()) {
            return std::nullopt;
        }
        order_.splice(order_.begin(), order_, found->second);
        file = found->second->file;
        digest = found->second->digest;
    }
    const base::Revealed text = file->reveal();
    return Made{std::string(std::string_view(text)), digest};
}

void Rendered::keep(const Digest& key, std::string_view file) {
    if (file.size() > most_bytes_ || most_files_ == 0) {
        return;
    }
    auto masked = std::make_shared<const base::Secret>(file);
    const auto digest = base::sha256(file);
    const std::lock_guard hold(lock_);
    if (places_.contains(key)) {
        return; // another thread made the same
    }
    while (!order_.empty() &&
           (order_.size() >= most_files_ || file.size() > most_bytes_ - bytes_)) {
        bytes_ -= order_.back().file->size();
        places_.erase(order_.back().key);
        order_.pop_back();
    }
    order_.push_front({key, digest, std::move(masked)});
    bytes_ += file.size();
    places_.emplace(key, order_.begin());
}

std::size_t Rendered::files() const {
    const std::lock_guard hold(lock_);
    return order_.size();
}

std::size_t Rendered::bytes() const {
    const std::lock_guard hold(lock_);
    return bytes_;
}

} // namespace profile
