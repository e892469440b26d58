// SPDX-License-Identifier: MIT
// Status lines and header fields, always in one order.
#include "provisioning/serve/reply.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/serve/conditional.hpp"
#include "provisioning/serve/date.hpp"
#include "provisioning/serve/file_body.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace serve {
namespace {

/// Long enough for a queue to empty, and shorter than the patience of a phone that starts.
constexpr int seconds_until_retry = 5;

std::string_view reason(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 202:
        return "Accepted";
    case 206:
        return "Partial Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 416:
        return "Range Not Satisfiable";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Other"; // RFC 9112 4: clients ignore the words
    }
}

class HeadWriter {
  public:
    explicit HeadWriter(int status) {
        fmt::format_to(std::back_inserter(text_), "HTTP/1.1 {} {}\r\n", status, reason(status));
    }

    template <class Value> void field(std::string_view name, const Value& value) {
        fmt::format_to(std::back_inserter(text_), "{}: {}\r\n", name, value);
    }

    std::string end() {
        text_ += "\r\n";
        return std::move(text_);
    }

  private:
    std::string text_;
};

/// Content types come from vendor profiles, which a site may write, and fields from wherever.
std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
    return text;
}

const std::string* said_as(const Response& response, std::string_view name) {
    const auto found =
        std::find_if(response.fields.begin(), response.fields.end(),
                     [&](const auto& field) { return base::iequals(field.first, name); });
    return found == response.fields.end() ? nullptr : &found->second;
}

bool says(const Response& response, std::string_view name) {
    return said_as(response, name) != nullptr;
}

void connection(HeadWriter& head, int minor, bool keep_alive) {
    if (!keep_alive) {
        head.field("Connection", "close");
    } else if (minor == 0) {
        head.field("Connection", "keep-alive");
    }
}

} // namespace

Reply make_reply(const Head& request, const Response& response, bool keep_alive, std::int64_t now) {
    const std::uint64_t size = response.file   ? response.file->size()
                               : response.body ? response.body->size()
                                               : 0;
    // Conditions and ranges are of files only.
    const bool is_file =
        response.status == 200 && request.method != "POST" && !says(response, "Cache-Control");
    Plan plan{response.status, 0, size};
    std::string etag;
    if (is_file) {
        const auto* said = said_as(response, "ETag");
        etag = response.file     ? response.file->etag()
               : said != nullptr ? *said
               : response.body   ? entity_tag(*response.body)
                                 : entity_tag(std::string_view());
        plan = serve::plan(request.method, request.conditions, etag, response.last_modified, size);
    }

    HeadWriter head(plan.status);
    if (response.status == 200 || response.status == 202) {
        head.field("Date", http_date(now));
    }
    if (plan.length != 0 && !response.content_type.empty()) {
        head.field("Content-Type", one_line(response.content_type));
    }
    if (plan.status != 304) {
        head.field("Content-Length", plan.length);
    }
    if (plan.status == 206) {
        head.field("Content-Range",
                   fmt::format("bytes {}-{}/{}", plan.offset, plan.offset + plan.length - 1, size));
    } else if (plan.status == 416) {
        head.field("Content-Range", fmt::format("bytes */{}", size));
    } else if (plan.status == 401) {
        head.field("WWW-Authenticate", "Basic realm=\"pnp\""); // RFC 7617: always the same
    } else if (plan.status == 405 && !says(response, "Allow")) {
        head.field("Allow", "GET, HEAD");
    } else if (plan.status == 503) {
        head.field("Retry-After", seconds_until_retry);
    }
    if (is_file) {
        if (!says(response, "ETag")) {
            head.field("ETag", etag);
        }
        head.field("Accept-Ranges", "bytes");
        // The file holds passwords: no cache may give it to anybody else.
        head.field("Cache-Control", "private, no-cache");
        if (response.last_modified != 0) {
            head.field("Last-Modified", http_date(response.last_modified));
        }
    }
    for (const auto& [name, value] : response.fields) {
        head.field(one_line(name), one_line(value));
    }
    connection(head, request.minor, keep_alive);

    Reply reply;
    reply.status = plan.status;
    reply.head = head.end();
    if (request.method != "HEAD" && plan.length != 0) {
        reply.body = response.file ? nullptr : response.body;
        reply.file = response.file;
        reply.place = response.place;
        reply.all_sent = response.all_sent;
        reply.offset = plan.offset;
        reply.length = plan.length;
    }
    return reply;
}

Reply make_refusal(int status) {
    Response response;
    response.status = status;
    return make_reply({}, response, false, 0);
}

} // namespace serve
