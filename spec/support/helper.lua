--- What holds for all specs; .busted names it.

require "spec.support.forget"
require "spec.support.own_tmp"
require "spec.support.left_open"
