// SPDX-License-Identifier: MIT
// HTTP, HTTPS and TFTP by libcurl, which is seen in fetch.cpp only.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/secret.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace phone {

struct FileRequest {
    std::string url; ///< may hold a user and password
    std::string user_agent;
    std::string user; ///< for a URL without one
    base::Secret password;
    int seconds = 8;     ///< for the whole of it
    bool http10 = false; ///< HTTP/1.0, without a Host header, which that version did not have
    bool follows = true; ///< redirections
    std::string etag{};  ///< of the copy it has: If-None-Match, with a range If-Range
    std::string last_modified{};  ///< the same: If-Modified-Since
    std::string range{};          ///< bytes, like 0-1023
    std::string post{};           ///< XML to send; empty: a GET
    std::string cookie{};         ///< the header's value
    std::size_t most = 1U << 20U; ///< bytes it takes
};

struct FileAnswer {
    int status = 0; ///< 0: there was no answer, `error` says why; a file by TFTP counts as 200
    std::string body;
    std::string error;
    bool untrusted = false; ///< the server could not prove its name by our CA
    int retry_after = 0;    ///< seconds, as the answer says; 0: it does not
    std::string etag{};
    std::string last_modified{};
    std::string content_range{};
    std::string content_type{};
    std::string cookie{};    ///< the first Set-Cookie
    bool has_length = false; ///< it has a Content-Length
    bool is_chunked = false; ///< it has a Transfer-Encoding
};

class Fetcher {
  public:
    /// Connects from `source`. With a CA file servers must prove their name by it; without one any
    /// certificate passes, as with a phone fresh from the box.
    Fetcher(base::Ipv4 source, std::string ca_file);
    ~Fetcher();
    Fetcher(const Fetcher&) = delete;
    Fetcher& operator=(const Fetcher&) = delete;

    /// One GET or POST; a user and password go out once the server asks for them.
    /// Whenever one of `others` is readable, `readable` is called; its false abandons the request.
    FileAnswer get(const FileRequest& request,
                   std::span<const int> others,
                   const std::function<bool()>& readable);

    /// Closes the connections that are kept from one request to the next.
    void hang_up();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace phone
