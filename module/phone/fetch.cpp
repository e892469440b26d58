// SPDX-License-Identifier: MIT
#include "module/phone/fetch.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>

namespace phone {

namespace {

constexpr long most_redirections = 3;

struct EasyFree {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};

struct MultiFree {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

struct ListFree {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// Header lines beside those curl writes; "Name:" takes one of its own away.
class Headers {
  public:
    void add(const std::string& line) {
        if (auto* longer = curl_slist_append(list_.get(), line.c_str()); longer != nullptr) {
            static_cast<void>(list_.release());
            list_.reset(longer);
        }
    }

    curl_slist* list() const noexcept { return list_.get(); }

  private:
    std::unique_ptr<curl_slist, ListFree> list_;
};

Headers headers_of(const FileRequest& request) {
    Headers headers;
    if (request.http10) {
        headers.add("Host:");
    }
    if (!request.etag.empty()) {
        headers.add((request.range.empty() ? "If-None-Match: " : "If-Range: ") + request.etag);
    }
    if (!request.last_modified.empty()) {
        headers.add("If-Modified-Since: " + request.last_modified);
    }
    if (!request.post.empty()) {
        headers.add("Content-Type: text/xml");
        headers.add("Accept:");
        headers.add("Expect:"); // curl would wait for a 100 that no phone asks for
    }
    return headers;
}

std::string header(CURL* easy, const char* name) {
    curl_header* found = nullptr;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value
                                                                                  : "";
}

/// One transfer inside the multi handle; taken out again whatever happens.
class Transfer {
  public:
    Transfer(CURLM* multi, CURL* easy) : multi_(multi), easy_(easy) {
        curl_multi_add_handle(multi_, easy_);
    }

    ~Transfer() { curl_multi_remove_handle(multi_, easy_); }

    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

  private:
    CURLM* multi_;
    CURL* easy_;
};

struct Body {
    std::string& bytes;
    std::size_t most;
};

std::size_t keep(char* data, std::size_t, std::size_t length, void* user) noexcept {
    auto& body = *static_cast<Body*>(user);
    if (body.bytes.size() + length > body.most) {
        return 0; // curl ends the transfer
    }
    try {
        body.bytes.append(data, length);
    } catch (const std::bad_alloc&) {
        return 0;
    }
    return length;
}

} // namespace

struct Fetcher::State {
    // The multi handle goes last: it keeps the connections between the files of one chain.
    std::unique_ptr<CURLM, MultiFree> multi{curl_multi_init()};
    std::unique_ptr<CURL, EasyFree> easy{curl_easy_init()};
    std::string source;
    std::string ca_file;
};

Fetcher::Fetcher(base::Ipv4 source, std::string ca_file) : state_(std::make_unique<State>()) {
    if (!state_->multi || !state_->easy) {
        throw std::runtime_error("libcurl does not start");
    }
    state_->source = "host!" + source.str();
    state_->ca_file = std::move(ca_file);
}

Fetcher::~Fetcher() = default;

void Fetcher::hang_up() {
    std::unique_ptr<CURLM, MultiFree> fresh(curl_multi_init());
    if (fresh) {
        state_->multi = std::move(fresh);
    }
}

FileAnswer Fetcher::get(const FileRequest& request,
                        std::span<const int> others,
                        const std::function<bool()>& readable) {
    auto* easy = state_->easy.get();
    auto* multi = state_->multi.get();
    FileAnswer answer;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_USERAGENT, request.user_agent.c_str());
    if (!request.user.empty()) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
        const base::Revealed password = request.password.reveal();
        curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
    }
    // Two to choose from, so that curl asks without a password first and shows it to nobody who
    // does not want it.
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC | CURLAUTH_DIGEST);
    const auto headers = headers_of(request);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.list());
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     request.http10 ? CURL_HTTP_VERSION_1_0 : CURL_HTTP_VERSION_1_1);
    if (!request.cookie.empty()) {
        curl_easy_setopt(easy, CURLOPT_COOKIE, request.cookie.c_str());
    }
    if (!request.post.empty()) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.post.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.post.c_str());
    }
    if (!request.range.empty()) {
        curl_easy_setopt(easy, CURLOPT_RANGE, request.range.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,tftp");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request.follows ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_TFTP_NO_OPTIONS, 1L); // RFC 1350 alone: the least a phone knows
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, most_redirections);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // the environment of the shell is not the phone's
    curl_easy_setopt(easy, CURLOPT_INTERFACE, state_->source.c_str());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, static_cast<long>(request.seconds));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, state_->ca_file.empty() ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, state_->ca_file.empty() ? 0L : 2L);
    if (!state_->ca_file.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, state_->ca_file.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    Body body{answer.body, request.most};
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);

    const Transfer transfer(multi, easy);
    std::vector<curl_waitfd> watched;
    for (const int fd : others) {
        watched.push_back({fd, CURL_WAIT_POLLIN, 0});
    }
    for (int running = 1;;) {
        curl_multi_perform(multi, &running);
        if (running == 0) {
            break;
        }
        curl_multi_poll(multi, watched.data(), static_cast<unsigned>(watched.size()), 1000,
                        nullptr);
        bool some = false;
        for (auto& one : watched) {
            some = some || one.revents != 0;
            one.revents = 0;
        }
        if (some && !readable()) {
            answer.error = "abandoned";
            return answer;
        }
    }
    int left = 0;
    const auto* message = curl_multi_info_read(multi, &left);
    if (message == nullptr || message->data.result != CURLE_OK) {
        // Only curl's short text: the long one may hold the URL and with it the password.
        answer.error = message == nullptr ? "no result"
                       : message->data.result == CURLE_SSL_CACERT_BADFILE
                           ? "--ca names no certificate that can be read; pnpctl show ca > FILE"
                           : curl_easy_strerror(message->data.result);
        answer.untrusted =
            message != nullptr && message->data.result == CURLE_PEER_FAILED_VERIFICATION;
        answer.body.clear();
        return answer;
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = base::istarts_with(request.url, "tftp:") ? 200 : static_cast<int>(status);
    answer.etag = header(easy, "ETag");
    answer.last_modified = header(easy, "Last-Modified");
    answer.content_range = header(easy, "Content-Range");
    answer.content_type = header(easy, "Content-Type");
    answer.cookie = header(easy, "Set-Cookie");
    answer.has_length = !header(easy, "Content-Length").empty();
    answer.is_chunked = !header(easy, "Transfer-Encoding").empty();
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer.retry_after = static_cast<int>(std::clamp<curl_off_t>(retry_after, 0, 3600));
    return answer;
}

} // namespace phone
