// SPDX-License-Identifier: MIT
// Makes the URLs of a NOTIFY, and hides what is secret in them.
#include "provisioning/profile/offer_url.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/fill.hpp"

#include <algorithm>

namespace profile {
namespace {

using base::Errc;
using base::fail;

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_safe_model(std::string_view model) {
    return !model.empty() && model.size() <= 64 &&
           std::all_of(model.begin(), model.end(),
                       [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

/// A body of application/url is one line of US-ASCII; a line break in it would be a header of ours
/// to a careless phone.
base::Status check_characters(std::string_view url) {
    for (std::size_t i = 0; i < url.size(); ++i) {
        const auto byte = static_cast<unsigned char>(url[i]);
        if (byte <= 0x20 || byte >= 0x7F) {
            return fail(Errc::malformed,
                        "offer_url: character {} is a blank, a control character or not US-ASCII; "
                        "write it as %XX",
                        i + 1);
        }
    }
    if (url.empty()) {
        return fail(Errc::malformed, "offer_url is empty; leave it out to offer our own URL");
    }
    if (url.size() > longest_offer_url) {
        return fail(Errc::refused, "offer_url has {} characters, phones take at most {}",
                    url.size(), longest_offer_url);
    }
    return {};
}

bool looks_like_a_token(std::string_view part) {
    return part.size() >= 16 && std::all_of(part.begin(), part.end(), [](char c) {
               return is_alnum(c) || c == '_' || c == '-' || c == '=' || c == '~';
           });
}

void replace(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), by);
        at += by.size();
    }
}

} // namespace

base::Result<base::Secret>
expand_offer_url(const base::Secret& url, base::Mac mac, std::string_view model, base::Ipv4 host) {
    const bool safe = is_safe_model(model);
    const base::Revealed text = url.reveal();
    auto filled = fill(text, {{"mac", mac.str(), ""},
                              {"MAC", mac.upper(), ""},
                              {"model", safe ? std::string(model) : std::string(),
                               safe ? std::string()
                                    : fmt::format("the phone calls itself '{}', which does not go "
                                                  "into a URL; leave {{model}} out of offer_url",
                                                  base::printable(model, 40))},
                              {"host", host.str(), ""}});
    if (!filled) {
        return fail(filled.error().code, "offer_url: {}", filled.error().what);
    }
    if (auto done = check_characters(*filled); !done) {
        return tl::unexpected(done.error());
    }
    return base::Secret(*filled);
}

base::Status check_offer_url(const base::Secret& url) {
    const auto sample = expand_offer_url(url, base::Mac({0x00, 0x1f, 0xc1, 0, 0, 1}), "UC926",
                                         base::Ipv4{0xC0'00'02'0A});
    return sample ? base::Status{} : base::Status(tl::unexpected(sample.error()));
}

bool uses_tls(const Vendor& vendor, Ports ports, std::string_view scheme) {
    const std::string_view url = vendor.folder_url;
    const auto own = url.substr(0, url.find("://"));
    return ports.https != 0 && (scheme.empty() ? own : scheme) == "https";
}

std::string folder_url(const Vendor& vendor,
                       base::Ipv4 host,
                       Ports ports,
                       std::string_view token,
                       std::string_view scheme) {
    std::string url = vendor.folder_url;
    const bool tls = uses_tls(vendor, ports, scheme);
    url.replace(0, url.find("://"), tls ? "https" : "http");
    replace(url, "{host}", host.str());
    replace(url, "{port}", std::to_string(tls ? ports.https : ports.http));
    replace(url, "{token}", token);
    return url;
}

namespace {

/// "http", "192.0.2.10:5480": of the folder URL, so that all of a vendor's URLs lead to one place.
struct UrlOrigin {
    std::string scheme;
    std::string authority;
};

UrlOrigin origin_of(const Vendor& vendor, base::Ipv4 host, Ports ports, std::string_view scheme) {
    const auto url = folder_url(vendor, host, ports, "T", scheme);
    const auto colon = std::min(url.find("://"), url.size());
    const auto begin = std::min(colon + 3, url.size());
    return {url.substr(0, colon), url.substr(begin, url.find('/', begin) - begin)};
}

} // namespace

std::string device_url(const Vendor& vendor,
                       Credential credential,
                       base::Mac mac,
                       base::Ipv4 host,
                       Ports ports,
                       std::string_view token,
                       std::string_view scheme) {
    if (credential == Credential::path) {
        return folder_url(vendor, host, ports, token, scheme);
    }
    const auto origin = origin_of(vendor, host, ports, scheme);
    return fmt::format("{}://{}:{}@{}/", origin.scheme, mac.str(), token, origin.authority);
}

std::string boot_url(const Vendor& vendor, base::Ipv4 host, Ports ports, std::string_view scheme) {
    const auto origin = origin_of(vendor, host, ports, scheme);
    return fmt::format("{}://{}/boot/{}/", origin.scheme, origin.authority, vendor.name);
}

std::string hide(std::string_view url) {
    std::string out;
    const auto scheme = url.find("://");
    if (scheme <= 8) { // npos is not
        out = url.substr(0, scheme + 3);
        url.remove_prefix(scheme + 3);
    }
    // A password may hold a raw '/' or '@': all up to the last '@' is taken for one. Rather hide
    // too much.
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        out += "***@";
        url.remove_prefix(at + 1);
    }
    const auto query = url.find_first_of("?#");
    std::string_view path = url.substr(0, query);
    while (true) {
        const auto slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (looks_like_a_token(part)) {
            out += part.substr(0, 4);
            out += "...";
        } else {
            out += part;
        }
        if (slash == std::string_view::npos) {
            break;
        }
        out += '/';
        path.remove_prefix(slash + 1);
    }
    if (query != std::string_view::npos) {
        out += url[query];
        out += "***";
    }
    return base::printable(out, longest_offer_url);
}

std::string hide(const base::Secret& url) {
    const base::Revealed text = url.reveal();
    return hide(text);
}

} // namespace profile
