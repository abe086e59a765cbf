import{a}from"./chunk-STN7IO5Q.js";import"./chunk-N2FW72DW.js";import"./chunk-OJJIRZYJ.js";import"./chunk-IYWUY3VA.js";export{a as initialize};
