// SPDX-License-Identifier: MIT
// The URLs of a NOTIFY: the one an administrator wrote, our own folder, and how to log them.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"
#include "provisioning/profile/vendor.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace profile {

/// Longest URL that a phone is known to take (Panasonic).
constexpr std::size_t longest_offer_url = 384;

/// Fills {mac}, {MAC}, {model} and {host} into an offer_url; `{{mac}}` becomes `{mac}`, for phones
/// that fill it in themselves. {model} is a stranger's text, so it goes in only when it is made of
/// letters, digits, dot, dash and underscore. The result is US-ASCII without blanks.
base::Result<base::Secret>
expand_offer_url(const base::Secret& url, base::Mac mac, std::string_view model, base::Ipv4 host);

/// What can be said of an offer_url before a phone asks: its braces, and that it is a URL.
base::Status check_offer_url(const base::Secret& url);

/// Where we serve files; https 0: not by TLS.
struct Ports {
    std::uint16_t http = 5480;
    std::uint16_t https = 0;
};

/// Whether URLs of ours are https for that vendor, with `scheme` as in folder_url.
bool uses_tls(const Vendor& vendor, Ports ports, std::string_view scheme);

/// The vendor's folder URL with {host}, {port} and {token} filled in; `scheme`, where it is not
/// empty, takes the place of the vendor's own.
std::string folder_url(const Vendor& vendor,
                       base::Ipv4 host,
                       Ports ports,
                       std::string_view token,
                       std::string_view scheme = {});

/// A phone's own URL: its token in the path, or before the @ with its MAC.
std::string device_url(const Vendor& vendor,
                       Credential credential,
                       base::Mac mac,
                       base::Ipv4 host,
                       Ports ports,
                       std::string_view token,
                       std::string_view scheme = {});

/// Where phones ask that know a server and no token, and where guests are sent.
std::string
boot_url(const Vendor& vendor, base::Ipv4 host, Ports ports, std::string_view scheme = {});

/// A URL for logs and timelines: no user and password, tokens by their first four characters, no
/// query.
std::string hide(std::string_view url);
std::string hide(const base::Secret& url);

} // namespace profile
